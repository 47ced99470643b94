/* SPDX-License-Identifier: GPL-2.0 */
/*
 * layers_domains.c: tables of two domains that handle the same calls, for a launcher of their own
 * (user-layers). "files" has files below a path, so it sees every call that names some; "ids"
 * mirrors calls that name files, and others that the hook or the stage of fds also handles. No such
 * domain runs: none of these calls reaches one.
 */
#include <sd/client.h>
#include <asm/unistd.h>

static enum sd_status no_stub(struct sd_qp *qp, long *ret, const u64 arg[6])
{
	*ret = -ENOSYS;
	return SD_OK;
}

static const char *const prefixes[] = {"/sd"};
static const struct sd_stub files_stubs[] = {
	{"fsync", __NR_fsync, SD_OP_CALLS, 1, 0, SD_ROUTE_FD, 0, NULL, no_stub, NULL, 0},
};
static const struct sd_domain_stubs sd_files_stubs = {"files", files_stubs, 1, 1, 1, prefixes};

#define TOLD(name) \
	{#name, __NR_##name, SD_OP_CALLS, 0, 0, SD_ROUTE_MIRRORED, 0, NULL, no_stub, NULL, 0}
static const struct sd_stub ids_stubs[] = {
	TOLD(acct),  TOLD(umount2), TOLD(swapon), TOLD(uselib), TOLD(chdir),
	TOLD(prctl), TOLD(fsync),   TOLD(dup),	  TOLD(umask),	TOLD(connect),
};
static const struct sd_domain_stubs sd_ids_stubs = {
	"ids", ids_stubs, sizeof(ids_stubs) / sizeof(ids_stubs[0]), 1, 0, NULL,
};

const struct sd_domain_stubs *const sd_linked_domains[] = {&sd_files_stubs, &sd_ids_stubs, NULL};
