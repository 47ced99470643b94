/* SPDX-License-Identifier: GPL-2.0 */
/*
 * traffic.h: private to traffic.c. A thread runs until traffic_stop is set, counts its rounds, and
 * returns NULL or what went wrong. Threads that work on files are in traffic_files.c; they call
 * traffic_dir() first, which makes and enters the process's own folder.
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
