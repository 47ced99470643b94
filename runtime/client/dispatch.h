/* SPDX-License-Identifier: MIT */
/* dispatch.h: which call is whose. See dispatch.c. */
#ifndef SD_CLIENT_DISPATCH_H
#define SD_CLIENT_DISPATCH_H

/* Once, before the first call is hooked, after sd_domains_init(). */
void sd_dispatch_init(void);

#endif
