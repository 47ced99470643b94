// SPDX-License-Identifier: MIT
/* share.c: the client's calls of sd/share.h: the key of a share, and its sync. */
#include <sd/share.h>
#include <sd/ticket.h>

enum sd_status sd_share_key(struct sd_qp *qp, long *ret, u32 fd, u64 key[2])
{
	return sd_own_key(qp, ret, SD_OP_SHARE, fd, key);
}

enum sd_status sd_share_sync(struct sd_qp *qp, long *ret, const u64 key[2])
{
	const u64 arg[6] = {key[0], key[1]};

	return sd_own_call(qp, ret, SD_OP_SHARE_SYNC, arg);
}
