// SPDX-License-Identifier: GPL-2.0
/*
 * mm/oom_kill.c: out_of_memory(). No process of a domain can be ended for memory, clients can: see
 * runtime/kernel/serve_memory.c. What may not fail is tried again in any case, with all that is
 * left.
 */
extern bool (*sd_out_of_memory)(gfp_t gfp, int order);

bool out_of_memory(struct oom_control *oc)
{
	bool again = sd_out_of_memory && sd_out_of_memory(oc->gfp_mask, oc->order);

	return again || oc->gfp_mask & __GFP_NOFAIL;
}
