// SPDX-License-Identifier: GPL-2.0
/* serve_none.c: a domain without generated stubs serves no calls, only the transport's own. */
#include <sd/serve.h>

const struct sd_served sd_served[1] __weak = {};
const u32 sd_nserved __weak = 0;
const u32 sd_served_abi __weak = 0;
