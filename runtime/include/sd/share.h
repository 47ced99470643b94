/* SPDX-License-Identifier: MIT */
/*
 * share.h: a file of a domain that programs have mapped shared and writable (mmap).
 *
 * Its contents are then in memory of their own, the share, which the supervisor makes; domain and
 * programs map it, byte n of the file at byte n. While there is a share it is the file: the
 * domain's reads and writes use it, too, so that stores through a map, reads and writes of any
 * client are coherent. Stores reach the page cache and the disk when the file is synced (fsync,
 * msync), and when the last program that mapped it is gone. If the domain dies, stores that weren't
 * synced are lost, as in a crash of Linux; the maps stay, but are no longer the file.
 *
 * A client that has the file open for reading and writing asks the domain for the share's key
 * (SD_OP_SHARE), shows it to the supervisor (sd/control.h, SHARE) and gets the share. The key is 16
 * random bytes; no other right is needed. Files may have up to SD_SHARE_SIZE bytes. A share never
 * changes its size, so no client can truncate it under another: stores beyond the end of the file
 * are ignored, where Linux sends SIGBUS.
 *
 * Client side, freestanding: core/share.c. Kernel side: runtime/kernel/serve_share.c.
 */
#ifndef SD_SHARE_H
#define SD_SHARE_H

#include <sd/rpc.h>

/* *ret: 0 or -errno. */
enum sd_status sd_share_key(struct sd_qp *qp, long *ret, u32 fd, u64 key[2]);
enum sd_status sd_share_sync(struct sd_qp *qp, long *ret, const u64 key[2]);

#endif
