// SPDX-License-Identifier: GPL-2.0
/* identity.c: calls that change the caller's credentials, which are then tested by access to
 * files. */
#include "world.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool identity_call(unsigned int nr)
{
	switch (nr) {
	case SYS_setuid:
	case SYS_setgid:
	case SYS_setreuid:
	case SYS_setregid:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setfsuid:
	case SYS_setfsgid:
	case SYS_setgroups:
	case SYS_capset:
	case SYS_prctl:
		return true;
	}
	return false;
}

static long try(struct side *s, unsigned int nr, const char *name, u64 a, u64 b)
{
	char path[256] = "";
	long r;

	add(path, sizeof(path), "%s/%s", tree_root, name);
	r = side_call(s, nr, (u64)AT_FDCWD, P(path), a, b, 0, 0);
	if (nr == SYS_openat && r >= 0)
		r = side_call(s, SYS_close, (u64)r, 0, 0, 0, 0, 0);
	return r;
}

/* The owner of new files shows the ids that count for files; access() those of the real user. */
void identity_state(struct side *s, char *buf, size_t size)
{
	if (!tree_root[0])
		return;
	add(buf, size, "new %ld", try(s, SYS_openat, "sticky/who", O_CREAT | O_WRONLY, 0666));
	add(buf, size, " private %ld owned %ld closed %ld",
	    try(s, SYS_openat, "empty", O_RDONLY, 0), try(s, SYS_openat, "owned", O_RDWR, 0),
	    try(s, SYS_openat, "closed/in", O_RDONLY, 0));
	if (st_stub(SYS_faccessat))
		add(buf, size, " really %ld %ld", try(s, SYS_faccessat, "empty", R_OK, 0),
		    try(s, SYS_faccessat, "owned", R_OK, 0));
	if (st_stub(SYS_fchownat))
		add(buf, size, " giving away %ld", try(s, SYS_fchownat, "sticky/who", 5, 5));
	if (st_stub(SYS_setfsuid)) { /* groups show when nothing else opens the door */
		add(buf, size, " fsuid %ld", side_call(s, SYS_setfsuid, 1000, 0, 0, 0, 0, 0));
		add(buf, size, " group %ld", try(s, SYS_openat, "grouped", O_RDWR, 0));
	}
	if (st_stub(SYS_setresuid)) /* may it be root again? */
		add(buf, size, " back %ld", side_call(s, SYS_setresuid, 0, 0, 0, 0, 0, 0));
	add(buf, size, "\n");
}
