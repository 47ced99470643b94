// SPDX-License-Identifier: GPL-2.0
/* What `kslice build` does with a new image: a machine whose boot.sh says what a test wants. */
#include "base/util.h"
#include "closure/graph.h"
#include "spec/spec.h"
#include "tree/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[] = "/tmp/kslice-boot-XXXXXX";
static char *answers[] = {"socket family PF_X (1) by x_init() in net/x.c"};

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(top) || setenv("KSLICE_REPO", top, 1))
		return -1;
	return 0;
}

static int leave(void **state)
{
	(void)state;
	return remove_tree(top);
}

/* The machine's boot.sh; NULL: it has none. */
static void machine(const char *script)
{
	char *path = xasprintf("%s/runtime/machine/fake/boot.sh", top);

	unlink(path);
	if (script) {
		assert_int_equal(make_parent_dirs(path), 0);
		assert_int_equal(write_file(path, script, strlen(script)), 0);
		assert_int_equal(chmod(path, 0755), 0);
	}
	free(path);
}

/* Boots, and whether stderr has the text. */
static int boot(const char *want)
{
	struct spec spec = {.name = "x", .path = "x.json", .machine = "fake"};
	struct graph g = {.spec = &spec, .answers = {.a = answers, .n = 1}};
	char *path = xasprintf("%s/stderr", top), *text;
	int old = dup(STDERR_FILENO), r;

	fflush(stderr);
	assert_non_null(freopen(path, "w+", stderr));
	r = boot_once(&g, top);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	text = read_file(path, NULL);
	assert_non_null(text);
	if (want && !strstr(text, want))
		fail_msg("no \"%s\" in: %s", want, text);
	if (!want)
		assert_string_equal(text, "");
	free(text);
	free(path);
	return r;
}

static void test_boots(void **state)
{
	(void)state;
	machine("#!/bin/sh\ntest \"${1##*/}\" = x.image && echo booted in 1 us\n");
	assert_int_equal(boot(NULL), 0);
}

static void test_unanswered(void **state)
{
	(void)state;
	machine("#!/bin/sh\necho 'first call: socket(family AF_X): EAFNOSUPPORT'; exit 1\n");
	assert_int_equal(
		boot("a call of a route isn't answered: socket(family AF_X): EAFNOSUPPORT\n"), -1);
	assert_int_equal(boot("registered in this slice: socket family PF_X (1) by x_init()"), -1);
}

static void test_dies(void **state)
{
	(void)state;
	machine("#!/bin/sh\necho 'trap: gone() was cut out'; kill -ABRT $$\n");
	assert_int_equal(boot("trap: gone() was cut out"), -1);
}

static void test_no_boot(void **state)
{
	(void)state;
	machine(NULL);
	assert_int_equal(boot(NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boots),
		cmocka_unit_test(test_unanswered),
		cmocka_unit_test(test_dies),
		cmocka_unit_test(test_no_boot),
	};

	return cmocka_run_group_tests(tests, make, leave);
}
