// SPDX-License-Identifier: GPL-2.0
// hooked.c: checks that the hook is active in the program, in threads, in children of every kind.
// SUD's state can't be read, so a site that was called must have been rewritten, and the blob must
// be mapped.
#define _GNU_SOURCE
#include "check.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each place its own site: `mov $110, %eax` (getppid), then syscall. */
#define SITE(name)                                                   \
	asm(".text\n" #name ":\n mov $110, %eax\n syscall\n ret\n"); \
	extern unsigned char name[];
SITE(site_main)
SITE(site_thread)
SITE(site_fork)
SITE(site_vfork)

static int rewritten(unsigned char *site)
{
	((int (*)(void))site)();
	return site[0] == 0xe9;
}

static void *in_thread(void *arg)
{
	CHECK(rewritten(site_thread));
	return NULL;
}

static int mapped(void)
{
	char line[512];
	int found = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), f))
		found |= strstr(line, "kdom-launch") != NULL;
	fclose(f);
	return found;
}

int main(int argc, char **argv)
{
	pthread_t t;
	int status;

	CHECK(mapped());
	CHECK(rewritten(site_main));
	if (argc > 1) /* the child that was executed */
		return check_failed;
	pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
	pid_t pid = fork();
	if (!pid)
		_exit(!rewritten(site_fork));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	pid = vfork();
	if (!pid)
		_exit(!rewritten(site_vfork));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	char *child[] = {argv[0], "child", NULL}, *none[] = {NULL};
	CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child, none) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0) == -1 && errno == EINVAL);
	puts(check_failed ? "hooked: FAILED" : "hooked: ok");
	return check_failed;
}
