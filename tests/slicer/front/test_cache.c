// SPDX-License-Identifier: GPL-2.0
/* test_cache.c: when are results made from files still valid? */
#include "front.h"

#include "base/cache.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A set over a and b, as a later run reads it. */
static void make_set(struct depset *set, const char *a, const char *b)
{
	struct depset first;
	struct strbuf text = {};

	depset_init(&first);
	first.since += 1000000000; /* the files are older than the run */
	depset_add(&first, a);
	depset_add(&first, b);
	assert_int_equal(depset_add(&first, a), 0);
	depset_write(&first, &text);
	depset_init(set);
	assert_string_equal(depset_read(set, text.s), "");
	assert_int_equal(set->deps.n, 2);
	sb_free(&text);
	depset_free(&first);
}

static void age(const char *path, time_t seconds)
{
	struct timespec ts[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	assert_int_equal(utimensat(AT_FDCWD, path, ts, 0), 0);
}

struct paths {
	char *a, *b;
};

static int make_files(void **state)
{
	static struct paths p;

	p.a = in_scratch("a");
	p.b = in_scratch("dir with space/b");
	put(p.a, "one");
	put(p.b, "two");
	age(p.a, 1000);
	age(p.b, 1000);
	*state = &p;
	return 0;
}

static int free_files(void **state)
{
	struct paths *p = *state;

	free(p->a);
	free(p->b);
	return 0;
}

static void nothing_changed(void **state)
{
	struct paths *p = *state;
	struct depset set;

	make_set(&set, p->a, p->b);
	assert_true(depset_all_same(&set, NULL));
	assert_false(set.touched);
	depset_free(&set);
}

static void touched_but_same(void **state)
{
	struct paths *p = *state;
	struct depset set;

	make_set(&set, p->a, p->b);
	age(p->b, 2000);
	assert_true(depset_all_same(&set, NULL));
	assert_true(set.touched);
	set.touched = false;
	assert_true(depset_all_same(&set, NULL));
	assert_false(set.touched); /* the new stat data was recorded */
	depset_free(&set);
}

static void changed_at_same_size(void **state)
{
	struct paths *p = *state;
	struct depset set;
	const char *which = NULL;

	make_set(&set, p->a, p->b);
	put(p->b, "tWo");
	assert_false(depset_all_same(&set, &which));
	assert_string_equal(which, p->b);
	assert_true(depset_same(&set, 0));
	depset_free(&set);
}

static void removed_and_back(void **state)
{
	struct paths *p = *state;
	struct depset set;

	make_set(&set, p->a, p->b);
	unlink(p->a);
	assert_false(depset_all_same(&set, NULL));
	put(p->a, "one");
	assert_true(depset_all_same(&set, NULL));
	depset_free(&set);
}

static void missing_file_may_appear(void **state)
{
	struct paths *p = *state;
	char *none = in_scratch("none");
	struct depset set;

	make_set(&set, p->a, none);
	assert_true(depset_all_same(&set, NULL));
	put(none, "");
	assert_false(depset_all_same(&set, NULL));
	unlink(none);
	free(none);
	depset_free(&set);
}

/* A file that changes while it is used may have been read before or after. */
static void file_of_this_run_is_not_trusted(void **state)
{
	struct paths *p = *state;
	struct depset set;

	put(p->a, "now");
	depset_init(&set);
	set.since -= 1000000000;
	depset_add(&set, p->a);
	assert_false(depset_all_same(&set, NULL));
	depset_free(&set);
}

static void damaged_text_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "deps", "deps 2\n", "deps 1\n1 2 3\n", "deps 1\nx y z w\n", "other 1\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct depset set;

		depset_init(&set);
		assert_null(depset_read(&set, bad[i]));
		depset_free(&set);
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_files, free_files)
	static const struct CMUnitTest tests[] = {
		CASE(nothing_changed),	       CASE(touched_but_same),
		CASE(changed_at_same_size),    CASE(removed_and_back),
		CASE(missing_file_may_appear), CASE(file_of_this_run_is_not_trusted),
		CASE(damaged_text_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
