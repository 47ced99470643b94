/* SPDX-License-Identifier: GPL-2.0 */
/*
 * victim.h: inside of victim.c. What a client that will be killed holds, and its ways of being
 * busy. take() gets what its predecessor in the slot held, waiting VICTIM_PATIENCE for it; both
 * functions end the process with 1 where something fails.
 */
#ifndef FAULT_VICTIM_H
#define FAULT_VICTIM_H

#include <stdint.h>

#define VICTIM_PATIENCE 20000000000LL /* ns */
#define VICTIM_KINDS	7

struct victim {
	const char *sort;
	void (*take)(int slot, int observer);
	void (*kinds[VICTIM_KINDS])(void); /* busy for ever */
};

extern const struct victim victim_socket, victim_pipe, victim_file;

void victim_took(int64_t since); /* says how long that was */
void victim_leaves(void);

#endif
