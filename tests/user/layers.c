/* SPDX-License-Identifier: GPL-2.0 */
/*
 * layers.c: calls that several layers of the hook handle (layers_domains.c) reach the host once,
 * with the host's answer. A layer that passed such a call on to itself wouldn't end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int failed;

static void expect(const char *what, long got, long want)
{
	if (got == want)
		return;
	printf("%s: %ld instead of %ld\n", what, got, want);
	failed = 1;
}

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* A name of the host's that isn't there: for the caller's rights the host looks first, or not. */
static void names(void)
{
	static const char none[] = "/nonexistent/file";
	long acct = result(syscall(SYS_acct, none)), umount = result(syscall(SYS_umount2, none, 0));

	expect("acct", acct == -EPERM || acct == -ENOSYS ? -ENOENT : acct, -ENOENT);
	expect("umount2", umount == -EPERM ? -ENOENT : umount, -ENOENT);
	expect("swapon", result(syscall(SYS_swapon, none, 0)) < 0, 1);
	expect("uselib", result(syscall(SYS_uselib, none)) < 0, 1);
	expect("chdir", result(chdir(none)), -ENOENT);
	expect("acct below /sd", result(syscall(SYS_acct, "/sd/file")), -EOPNOTSUPP);
}

static void other_layers(void)
{
	struct sockaddr_un a = {AF_UNIX, "/nonexistent/socket"};
	int fd = open("/dev/null", O_RDONLY), sock = socket(AF_UNIX, SOCK_STREAM, 0), two = dup(fd);
	char name[17] = "";

	expect("dup", two > fd, 1);
	expect("fsync", result(fsync(fd)), -EINVAL);
	expect("connect", result(connect(sock, (void *)&a, sizeof(a))), -ENOENT);
	umask(027);
	expect("umask", umask(022), 027);
	expect("prctl", result(prctl(PR_SET_NAME, "layers-test")), 0);
	prctl(PR_GET_NAME, name);
	expect("prctl's name", strcmp(name, "layers-test"), 0);
	expect("prctl of the hook", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0)),
	       -EINVAL);
}

int main(void)
{
	names();
	other_layers();
	if (!failed)
		puts("layers: ok");
	return failed;
}
