/* SPDX-License-Identifier: GPL-2.0 */
/*
 * victim.h: private to victim.c. What a client that will be killed holds, and its ways of being
 * busy. take() gets what its predecessor in the slot held, waiting VICTIM_PATIENCE for it; both
 * functions exit with 1 on failure.
 */
#ifndef FAULT_VICTIM_H
#define FAULT_VICTIM_H

#include <stdint.h>

#define VICTIM_PATIENCE 20000000000LL /* ns */
#define VICTIM_KINDS	7

struct victim {
	const char *sort;
	void (*take)(int slot, int observer);
	void (*kinds[VICTIM_KINDS])(void); /* busy forever */
};

extern const struct victim victim_socket, victim_pipe, victim_file;

void victim_took(int64_t since); /* prints how long that took */
void victim_leaves(void);

#endif
