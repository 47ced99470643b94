// SPDX-License-Identifier: GPL-2.0
/* serve_none.c: for a domain without generated stubs: it serves only the transport's own
 * operations. */
#include <sd/serve.h>

const struct sd_served sd_served[1] __weak = {};
const struct sd_route_call sd_route_calls[1] __weak = {};
const u32 sd_nserved __weak = 0;
const u32 sd_served_abi __weak = 0;
