/* SPDX-License-Identifier: MIT */
/*
 * introduce.c: tells a newly attached domain what its supervisor doesn't know: the program's
 * current capabilities, and its umask.
 */
#include "channel/channel.h"
#include <sd/ticket.h>
#include <linux/capability.h>
#include <linux/prctl.h>

bool sd_cred_known(void)
{
	return !sd_no_patch && !sys(__NR_prctl, PR_GET_SECCOMP);
}

void sd_cred_ask(u64 arg[6])
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	if (sys(__NR_capget, &h, d))
		return;
	arg[0] = d[0].permitted | (u64)d[1].permitted << 32;
	arg[1] = d[0].effective | (u64)d[1].effective << 32;
	arg[2] = d[0].inheritable | (u64)d[1].inheritable << 32;
	for (u32 cap = 0; cap < 64; cap++) {
		long has = sys(__NR_prctl, PR_CAPBSET_READ, cap);

		if (has < 0)
			break;
		arg[4] |= (u64)has << cap;
		if (sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap) == 1)
			arg[3] |= 1ull << cap;
	}
	arg[5] = (u32)sys(__NR_prctl, PR_GET_SECUREBITS);
	if (sys(__NR_prctl, PR_GET_NO_NEW_PRIVS) == 1)
		arg[5] |= SD_CRED_NO_NEW_PRIVS;
}

enum sd_status sd_cred_tell(struct sd_qp *l, const u64 arg[6])
{
	enum sd_status st;
	long ret = 0;

	st = sd_until_served(l, sd_own_call(l, &ret, SD_OP_CRED, arg));
	/* The domain had no memory: one that doesn't know the program's credentials isn't used
	 * any more. */
	return st == SD_OK && ret < 0 ? SD_PROTO : st;
}

/* "Umask:\t0022" in /proc/self/status; asking by umask() would set it for a moment. */
static s32 read_umask(void)
{
	static const char key[] = "\nUmask:\t";
	char buf[1024];
	long fd = sys(__NR_open, "/proc/self/status", O_RDONLY | O_CLOEXEC);
	long n = fd < 0 ? fd : sys(__NR_read, fd, buf, sizeof(buf) - 1);
	s32 mask = 0;

	if (fd >= 0)
		sys(__NR_close, fd);
	for (long i = 0; i + (long)sizeof(key) < n; i++) {
		if (memcmp(buf + i, key, sizeof(key) - 1))
			continue;
		for (i += sizeof(key) - 1; i < n && buf[i] >= '0' && buf[i] <= '7'; i++)
			mask = mask << 3 | (buf[i] - '0');
		return mask;
	}
	mask = sys(__NR_umask, 077);
	sys(__NR_umask, mask);
	return mask;
}

void sd_introduce(struct sd_qp *l, u32 dom)
{
	u64 arg[6] = {0};
	const struct sd_stub *s = sd_mirror_stub(dom, __NR_umask, arg);
	u64 rights[6] = {0};
	long ret;

	if (sd_cred_known()) {
		sd_cred_ask(rights);
		sd_cred_tell(l, rights);
	}
	if (!s)
		return;
	arg[0] = read_umask();
	sd_until_served(l, s->stub(l, &ret, arg));
}
