// SPDX-License-Identifier: GPL-2.0
/*
 * mm/oom_kill.c: out_of_memory(). A domain has no process to kill, but it can end clients: see
 * runtime/kernel/serve_memory.c. Allocations that may not fail are retried in any case, with all
 * reserves.
 */
extern bool (*sd_out_of_memory)(gfp_t gfp, int order);

bool out_of_memory(struct oom_control *oc)
{
	bool again = sd_out_of_memory && sd_out_of_memory(oc->gfp_mask, oc->order);

	return again || oc->gfp_mask & __GFP_NOFAIL;
}
