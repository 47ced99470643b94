// SPDX-License-Identifier: GPL-2.0
// fileids DIR, as root: credentials of calls: ids, groups, umask, before and after they change, in
// threads, over fork and exec. The domain checks permissions by what the host's kernel reported.
// See transcript.h.
#define _GNU_SOURCE
#include "transcript.h"
#include <grp.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define USER  12345
#define OTHER 23456
#define GROUP 34567
#define MANY  30050 /* among a hundred that the program starts with (names_test.py) */

static struct stat st;

static void may(void)
{
	T(access(p("/root600"), R_OK));
	T(faccessat(AT_FDCWD, p("/root600"), R_OK, AT_EACCESS));
	T(open(p("/root600"), O_RDONLY) >= 0);
	T(open(p("/user600"), O_RDWR) >= 0);
	T(open(p("/group640"), O_RDONLY) >= 0);
	T(open(p("/group640"), O_RDWR) >= 0);
	T(open(p("/all/new"), O_CREAT | O_EXCL | O_WRONLY, 0666) >= 0);
	T(stat(p("/all/new"), &st));
	out("%u %u %o\n", st.st_uid, st.st_gid, st.st_mode);
	T(unlink(p("/all/new")));
	T(chmod(p("/user600"), 0600));
	T(chown(p("/user600"), OTHER, -1));
	T(chown(p("/user600"), USER, -1));
	T(mkdir(p("/none"), 0777));
	T(rmdir(p("/none")));
}

static void make(const char *name, int mode, uid_t uid, gid_t gid)
{
	put(p("%s", name), "text");
	T(chown(p("%s", name), uid, gid));
	T(chmod(p("%s", name), mode));
}

static void dropped(void)
{
	gid_t groups[] = {GROUP, 7};

	may();
	T(setgroups(2, groups));
	T(setgid(OTHER));
	T(setuid(USER));
	may();
	T(setuid(0));
	T(setgroups(0, NULL));
	may();
}

static void fresh_dropped(void) /* the domain wasn't used before */
{
	T(setgroups(0, NULL));
	T(setgid(USER));
	T(setuid(USER));
	may();
}

static void inherited_groups(void)
{
	T(setgid(USER));
	T(setuid(USER));
	T(open(p("/many640"), O_RDONLY) >= 0);
	T(open(p("/group640"), O_RDONLY) >= 0);
	T(getgroups(0, NULL));
}

static void effective(void)
{
	T(seteuid(USER));
	may();
	T(access(p("/root600"), R_OK)); /* by the real ids */
	T(seteuid(0));
	may();
	T(setresuid(USER, OTHER, 0));
	may();
	T(setreuid(0, -1));
	T(seteuid(0));
	may();
}

static void fs_ids(void)
{
	T(setfsuid(USER));
	may();
	T(setfsuid(0));
	T(setfsgid(GROUP));
	may();
}

static void keeps_caps(void)
{
	T(prctl(PR_SET_KEEPCAPS, 1));
	T(setuid(USER));
	may();
}

static void masks(void)
{
	for (int mask = 0; mask <= 0777; mask = mask * 2 + 1) {
		out("was %o\n", umask(mask));
		T(mkdir(p("/masked"), 0777));
		T(stat(p("/masked"), &st));
		out("%o\n", st.st_mode);
		T(rmdir(p("/masked")));
	}
}

/* ---- others of the program ---- */
static void *as_thread(void *arg)
{
	T(open(p("/root600"), O_RDONLY) >= 0);
	T(open(p("/user600"), O_RDONLY) >= 0);
	return arg;
}

static pthread_barrier_t turn;

static void *waiting_thread(void *arg)
{
	T(open(p("/root600"), O_RDONLY) >= 0);
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn); /* ids changed meanwhile: glibc changes them in all threads */
	return as_thread(arg);
}

static void threads(void)
{
	pthread_t t;

	pthread_barrier_init(&turn, NULL, 2);
	pthread_create(&t, NULL, waiting_thread, NULL);
	pthread_barrier_wait(&turn);
	T(setgroups(0, NULL));
	T(setresgid(USER, USER, USER));
	T(setresuid(USER, USER, USER));
	as_thread(NULL);
	pthread_barrier_wait(&turn);
	pthread_join(t, NULL);
}

static void children(void)
{
	T(open(p("/user600"), O_RDONLY) >= 0);
	umask(027);
	T(setgroups(1, (gid_t[]){GROUP}));
	T(setresgid(USER, USER, USER));
	T(setresuid(USER, USER, USER));
	in_child(may);
	T(setuid(0));
	may();
}

static void execute(const char *what)
{
	T(execl("/proc/self/exe", "fileids", base, what, NULL));
}

static void exec_dropped(void)
{
	T(setgroups(1, (gid_t[]){GROUP}));
	T(setgid(USER));
	T(setuid(USER));
	T(chdir(p("/all")));
	execute("may");
}

/* Over exec the saved ids become the effective ones: there is no way back. */
static void exec_saved(void)
{
	may();
	T(setresuid(USER, USER, 0));
	execute("back");
}

static void back(void)
{
	T(setuid(0));
	/* Past the hook's knowledge of what the host said nothing is asked; the domain must agree
	 * with it. */
	may();
}

int main(int argc, char **argv)
{
	void (*const each[])(void) = {
		dropped, fresh_dropped, inherited_groups, effective,	fs_ids,	   keeps_caps,
		masks,	 threads,	children,	  exec_dropped, exec_saved};

	base = argv[argc > 1];
	if (argc > 2) {
		(strcmp(argv[2], "may") ? back : may)();
		return 0;
	}
	umask(022);
	if (argc < 2 ||
	    fork()) { /* another process makes the files: the first case attaches by itself */
		wait(NULL);
	} else {
		make("/root600", 0600, 0, 0);
		make("/user600", 0600, USER, USER);
		make("/group640", 0640, 0, GROUP);
		make("/many640", 0640, 0, MANY);
		T(mkdir(p("/all"), 0777));
		T(chmod(p("/all"), 01777));
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		out("---- case %u\n", i);
		in_child(each[i]);
	}
	return 0;
}
