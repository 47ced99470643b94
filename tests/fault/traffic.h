/* SPDX-License-Identifier: GPL-2.0 */
/*
 * traffic.h: inside of traffic.c. A thread runs until traffic_stop is set, counts its rounds, and
 * returns NULL or what went wrong. traffic_files.c has those that work on files; traffic_dir()
 * makes and enters a folder of the process's own first.
 */
#ifndef FAULT_TRAFFIC_H
#define FAULT_TRAFFIC_H

#include <pthread.h>

struct traffic {
	void *(*run)(struct traffic *t);
	int fd[2], packets;
	long rounds;
	pthread_t th;
};

extern volatile int traffic_stop;

int traffic_dir(void); /* 0, or -1 with errno */
void *traffic_written(struct traffic *t);
void *traffic_log(struct traffic *t);
void *traffic_names(struct traffic *t);

#endif
