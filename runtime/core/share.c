// SPDX-License-Identifier: MIT
/* share.c: the client's end of sd/share.h. */
#include <sd/lane.h>
#include <sd/share.h>

enum sd_status sd_share_key(struct sd_lane *lane, long *ret, u32 fd, u64 key[2])
{
	struct sd_call c;

	sd_call_begin(lane, &c, SD_OP_SHARE);
	c.arg[0] = fd;
	c.arg[1] = sd_room(&c, 16);
	if (sd_call_wait(&c, ret) == SD_OK && *ret >= 0)
		__builtin_memcpy(key, sd_at(&c, c.arg[1]), 16);
	return sd_call_end(&c);
}

enum sd_status sd_share_sync(struct sd_lane *lane, long *ret, const u64 key[2])
{
	struct sd_call c;

	sd_call_begin(lane, &c, SD_OP_SHARE_SYNC);
	c.arg[0] = key[0];
	c.arg[1] = key[1];
	sd_call_wait(&c, ret);
	return sd_call_end(&c);
}
