// SPDX-License-Identifier: MIT
/*
 * ticket.c: the client's calls of sd/ticket.h. They are the transport's own, so every domain has
 * them.
 */
#include <sd/qp.h>
#include <sd/ticket.h>

enum sd_status sd_own_call(struct sd_qp *qp, long *ret, u16 op, const u64 arg[6])
{
	struct sd_call c;
	int i;

	sd_call_begin(qp, &c, op);
	for (i = 0; i < 6; i++)
		c.arg[i] = arg[i];
	sd_call_most(&c, op == SD_OP_REDEEM || op == SD_OP_REMOTE ? 0x7fffffff
								  : 0); /* an fd, or nothing */
	sd_call_wait(&c, ret);
	return sd_call_end(&c);
}

enum sd_status sd_own_key(struct sd_qp *qp, long *ret, u16 op, u32 fd, u64 key[2])
{
	struct sd_call c;

	sd_call_begin(qp, &c, op);
	c.arg[0] = fd;
	c.arg[1] = sd_room(&c, 16);
	sd_call_most(&c, 0);
	if (sd_call_wait(&c, ret) == SD_OK && *ret >= 0)
		__builtin_memcpy(key, sd_at(&c, c.arg[1]), 16);
	return sd_call_end(&c);
}

enum sd_status sd_ticket_make(struct sd_qp *qp, long *ret, u32 fd, u64 key[2])
{
	return sd_own_key(qp, ret, SD_OP_TICKET, fd, key);
}

enum sd_status sd_ticket_redeem(struct sd_qp *qp, long *ret, const u64 key[2], u32 flags)
{
	const u64 arg[6] = {key[0], key[1], flags};

	return sd_own_call(qp, ret, SD_OP_REDEEM, arg);
}

enum sd_status sd_ticket_remote(struct sd_qp *qp, long *ret, const u64 key[2], const char *name)
{
	u64 arg[6] = {key[0], key[1]};
	char *to = (char *)&arg[2];
	u32 i;

	for (i = 0; i < 4 * sizeof(u64) && name[i]; i++)
		to[i] = name[i];
	return sd_own_call(qp, ret, SD_OP_REMOTE, arg);
}

enum sd_status sd_ticket_close(struct sd_qp *qp, long *ret, u32 fd)
{
	const u64 arg[6] = {fd};

	return sd_own_call(qp, ret, SD_OP_CLOSE, arg);
}
