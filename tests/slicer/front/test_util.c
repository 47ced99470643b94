// SPDX-License-Identifier: GPL-2.0
/* test_util.c: map, paths, files that are written atomically. */
#include "front.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void map_keeps_what_is_added(void **state)
{
	struct strmap m = {};
	char key[32];
	bool added;

	(void)state;
	assert_null(strmap_get(&m, "none"));
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		*strmap_add(&m, key, &added) = i + 1;
		assert_true(added);
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		assert_int_equal(*strmap_get(&m, key), i + 1);
		strmap_add(&m, key, &added);
		assert_false(added);
	}
	assert_int_equal(m.n, 5000);
	assert_null(strmap_get(&m, "key5000"));
	strmap_free(&m);
}

static void paths_are_normalized(void **state)
{
	static const char *const cases[][2] = {
		{"a/b/../c", "a/c"},
		{"./a//b/./c", "a/b/c"},
		{"/x/../../y", "/y"},
		{"../a/../../b", "../../b"},
		{"a/..", ""},
		{"/", "/"},
		{"a/b/", "a/b"},
		{"..", ".."},
		{"net/../net/x.h", "net/x.h"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *p = xstrdup(cases[i][0]);

		assert_string_equal(path_normalize(p), cases[i][1]);
		free(p);
	}
}

static unsigned count_files(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;
	struct dirent *de;

	while ((de = readdir(d)))
		n += de->d_name[0] != '.';
	closedir(d);
	return n;
}

/* A file that may not grow simulates a full disk. */
static void full_disk_leaves_old_file(void **state)
{
	char *dir = in_scratch("full"), *path = in_scratch("full/file"), *big = xcalloc(1, 100000),
	     *text;
	pid_t pid;
	int status;

	(void)state;
	put(path, "old");
	pid = fork();
	if (!pid) {
		struct rlimit limit = {4096, 4096};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		freopen("/dev/null", "w", stderr);
		_exit(write_file(path, big, 100000) == -1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	text = read_file(path, NULL);
	assert_string_equal(text, "old");
	assert_int_equal(count_files(dir), 1);
	free(text);
	free(big);
	free(dir);
	free(path);
}

static void unwritable_directory_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(write_file("/proc/no/such/file", "x", 1), -1);
	assert_int_equal(write_file("/dev/null/file", "x", 1), -1);
}

/* On a signal the temporary file is removed, and the process ends by that signal. */
static void signal_removes_guarded_file(void **state)
{
	char *path = in_scratch("guarded");
	int status;
	pid_t pid;

	(void)state;
	put(path, "half");
	pid = fork();
	if (!pid) {
		interrupt_init();
		interrupt_guard_file(path);
		raise(SIGTERM);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void unchanged_file_keeps_its_time(void **state)
{
	char *path = in_scratch("same");
	struct stat a, b;

	(void)state;
	put(path, "text");
	stat(path, &a);
	assert_int_equal(write_file_if_changed(path, "text", 4), 0);
	stat(path, &b);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(write_file_if_changed(path, "texT", 4), 0);
	stat(path, &b);
	assert_int_not_equal(a.st_ino, b.st_ino);
	free(path);
}

static void commands_report_status(void **state)
{
	char *ok[] = {"true", NULL}, *bad[] = {"sh", "-c", "exit 7", NULL},
	     *none[] = {"no-such-program-x", NULL};
	char *env_test[] = {"sh", "-c", "test \"$KS_X\" = 1 && test \"$PWD\" = /", NULL},
	     *env[] = {"KS_X=1", NULL};

	(void)state;
	assert_int_equal(run_command(ok, NULL, NULL, NULL), 0);
	assert_int_equal(run_command(bad, NULL, NULL, NULL), 7);
	assert_int_equal(run_command(none, NULL, NULL, NULL), 127);
	assert_int_equal(run_command(env_test, "/", env, NULL), 0);
}

static void remove_tree_stays_inside(void **state)
{
	char *keep = in_scratch("keep/file"), *link = in_scratch("gone/link"),
	     *gone = in_scratch("gone");
	char *target = in_scratch("keep");

	(void)state;
	put(keep, "x");
	make_dirs(gone);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(remove_tree(gone), 0);
	assert_int_equal(access(keep, F_OK), 0);
	assert_int_equal(access(gone, F_OK), -1);
	free(keep);
	free(link);
	free(gone);
	free(target);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_keeps_what_is_added),
		cmocka_unit_test(paths_are_normalized),
		cmocka_unit_test(full_disk_leaves_old_file),
		cmocka_unit_test(unwritable_directory_is_an_error),
		cmocka_unit_test(signal_removes_guarded_file),
		cmocka_unit_test(unchanged_file_keeps_its_time),
		cmocka_unit_test(commands_report_status),
		cmocka_unit_test(remove_tree_stays_inside),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
