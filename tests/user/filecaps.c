// SPDX-License-Identifier: GPL-2.0
// filecaps DIR, as root: what capabilities allow, and no longer once they were given up: by capset,
// prctl, ids, user namespaces, in children and over exec; also if the domain wasn't used before.
// See transcript.h.
#define _GNU_SOURCE
#include "transcript.h"
#include "caps.h"
#include <linux/fs.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define USER 12345

static int elsewhere; /* in another user namespace, which hasn't these ids */

/* One operation for each capability that a file system checks. */
static void may(void)
{
	int flags = 0, fd;

	FD(open(p("/secret"), O_RDONLY)); /* CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH */
	T(chmod(p("/others"), 0644));	  /* CAP_FOWNER */
	if (!elsewhere) {
		T(chown(p("/others"), 77, -1)); /* CAP_CHOWN */
		T(chown(p("/others"), 1234, -1));
	}
	T(chmod(p("/ids"), 02755));				/* CAP_FSETID */
	T(mknod(p("/all/dev"), S_IFCHR | 0600, makedev(1, 3))); /* CAP_MKNOD */
	T(unlink(p("/all/dev")));
	T(setxattr(p("/others"), "trusted.t", "1", 1, 0)); /* CAP_SYS_ADMIN */
	fd = open(p("/open"), O_RDONLY);
	T(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	flags |= FS_IMMUTABLE_FL;
	T(ioctl(fd, FS_IOC_SETFLAGS, &flags)); /* CAP_LINUX_IMMUTABLE */
	flags &= ~FS_IMMUTABLE_FL;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
}

static const int each[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE,    CAP_DAC_READ_SEARCH, CAP_FOWNER,
			   CAP_FSETID, CAP_LINUX_IMMUTABLE, CAP_MKNOD,		 CAP_SYS_ADMIN};

/* Without one of them, for a while and for good; with one alone. */
static void one_by_one(void)
{
	struct __user_cap_data_struct all[2], d[2];

	T(caps_get(all));
	for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		unsigned bit = 1u << each[i];

		memcpy(d, all, sizeof(d));
		d[0].effective &= ~bit;
		T(caps_set(d));
		may();
		memset(d, 0, sizeof(d));
		d[0].effective = bit;
		d[0].permitted = all[0].permitted;
		d[1].permitted = all[1].permitted;
		T(caps_set(d));
		may();
		T(caps_set(all));
	}
	may();
}

static void for_good(void)
{
	struct __user_cap_data_struct d[2];

	T(caps_get(d));
	d[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
	d[0].permitted = d[0].effective;
	T(caps_set(d));
	may();
	d[0].permitted |= 1u << CAP_DAC_OVERRIDE;
	T(caps_set(d));
	may();
}

static void execute(void)
{
	T(execl("/proc/self/exe", "filecaps", base, "may", NULL));
}

static void bounding(void) /* the next program has no more */
{
	for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i += 2)
		T(prctl(PR_CAPBSET_DROP, each[i]));
	may();
	execute();
}

static void bounding_told(void)
{
	may();
	bounding();
}

static void kept(void) /* over setresuid, not over exec */
{
	struct __user_cap_data_struct d[2] = {{0}};

	T(prctl(PR_SET_KEEPCAPS, 1));
	T(setresuid(USER, USER, USER));
	d[0].effective = d[0].permitted = 1u << CAP_DAC_OVERRIDE | 1u << CAP_CHOWN;
	T(caps_set(d));
	may();
	execute();
}

static void ambient(void)
{
	struct __user_cap_data_struct d[2];

	T(caps_get(d));
	d[0].inheritable = 1u << CAP_CHOWN | 1u << CAP_MKNOD;
	T(caps_set(d));
	T(prctl(PR_SET_KEEPCAPS, 1));
	T(setresuid(USER, USER, USER));
	d[0].permitted = d[0].effective = d[0].inheritable;
	d[1].permitted = d[1].effective = d[1].inheritable = 0;
	T(caps_set(d));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	may();
	execute();
}

static void no_root(void) /* uid 0 means nothing at exec */
{
	T(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
	may();
	execute();
}

static void no_fixup(void)
{
	T(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	T(setresuid(USER, USER, USER));
	may();
}

static void no_new_privs(void)
{
	struct __user_cap_data_struct d[2];

	T(caps_get(d));
	d[0].effective = d[0].permitted &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_MKNOD);
	T(caps_set(d));
	T(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	may();
	execute();
}

static void inherited(void)
{
	struct __user_cap_data_struct d[2];

	T(caps_get(d));
	d[0].effective = d[0].permitted &= ~(1u << CAP_FOWNER | 1u << CAP_CHOWN);
	T(caps_set(d));
	in_child(may);
	in_child(execute); /* root again */
}

static void other_users(void)
{
	T(unshare(CLONE_NEWUSER));
	elsewhere = 1;
	may();
}

static void other_users_told(void)
{
	may();
	other_users();
}

static void fresh_child_of_others(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	int status = -1;

	if (!pid) {
		elsewhere = 1;
		may();
		_exit(0);
	}
	T(waitpid(pid, &status, 0) == pid);
	out("%#x\n", (unsigned)status);
}

static void child_of_others(void)
{
	may();
	fresh_child_of_others();
}

int main(int argc, char **argv)
{
	void (*const cases[])(void) = {one_by_one,
				       for_good,
				       bounding,
				       bounding_told,
				       kept,
				       ambient,
				       no_root,
				       no_fixup,
				       no_new_privs,
				       inherited,
				       other_users,
				       other_users_told,
				       fresh_child_of_others,
				       child_of_others};

	base = argv[argc > 1];
	if (argc > 2) {
		may();
		return 0;
	}
	umask(022);
	if (argc < 2 ||
	    fork()) { /* another process makes the files: each case attaches by itself */
		wait(NULL);
	} else {
		put(p("/secret"), "text");
		put(p("/others"), "text");
		put(p("/ids"), "text");
		put(p("/open"), "text");
		T(chown(p("/secret"), 1234, 1234));
		T(chmod(p("/secret"), 0));
		T(chown(p("/others"), 1234, -1));
		T(chown(p("/ids"), -1, 4321));
		T(mkdir(p("/all"), 0777));
		T(chmod(p("/all"), 01777));
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out("---- case %u\n", i);
		in_child(cases[i]);
	}
	return 0;
}
