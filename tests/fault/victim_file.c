// SPDX-License-Identifier: GPL-2.0
/*
 * victim_file.c: a victim with files in $FAULT_DIR: the locks (flock and record) of its slot's
 * file, an unlinked file that is still open; see victim.h.
 */
#include "check.h"
#include "victim.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static char dir[4000], own[4100];
static int slot_fd, unlinked;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void take(int slot, int observer)
{
	static char junk[256 << 10];
	struct flock l = {.l_type = F_WRLCK};
	int64_t t0;

	(void)observer;
	snprintf(dir, sizeof(dir), "%s", getenv("FAULT_DIR"));
	snprintf(own, sizeof(own), "%s/slot%d", dir, slot);
	slot_fd = open(own, O_RDWR | O_CREAT, 0600);
	must(slot_fd >= 0, own);
	t0 = now_ns();
	while (flock(slot_fd, LOCK_EX | LOCK_NB) || fcntl(slot_fd, F_SETLK, &l)) {
		must((errno == EAGAIN || errno == EACCES) && now_ns() - t0 < VICTIM_PATIENCE,
		     "victim: lock");
		sleep_ms(1);
	}
	victim_took(t0);
	snprintf(own, sizeof(own), "%s/slot%d.open", dir, slot);
	unlinked = open(own, O_RDWR | O_CREAT, 0600);
	must(unlinked >= 0 && !unlink(own), own);
	must(!write_all(unlinked, junk, sizeof(junk)), "victim: write");
}

static void writes(void)
{
	char buf[5000] = "x";

	for (int i = 0;; i++)
		must(pwrite(unlinked, buf, sizeof(buf), i % 50 * 5000) == sizeof(buf),
		     "victim: pwrite");
}

static void syncs(void)
{
	for (;;)
		must(pwrite(unlinked, "y", 1, 0) == 1 && !fsync(unlinked), "victim: fsync");
}

/* For a lock that it has itself, by another open file. */
static void blocked(void)
{
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = open(dir, O_RDONLY);
		must(fd[i] >= 0 && !flock(fd[i], i ? LOCK_EX : LOCK_SH), dir);
	}
	exit(1);
}

static void *makes_names(void *arg)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s.%ld", own, (long)arg);
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT, 0600);

		/* Killed in between, the name stays, as on any file system. */
		must(fd >= 0 && write(fd, "z", 1) == 1 && !unlink(path) && !close(fd), path);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t th;

	for (long i = 1; i < 4; i++)
		pthread_create(&th, NULL, makes_names, (void *)i);
	makes_names((void *)4L);
}

static void reads_folder(void)
{
	for (;;) {
		DIR *d = opendir(dir);

		must(d != NULL, dir);
		while (readdir(d))
			;
		closedir(d);
	}
}

static void forks(void)
{
	for (int depth = 0; depth < 6 && !fork(); depth++)
		slot_fd = dup(slot_fd);
	writes();
}

const struct victim victim_file = {
	"file", take, {writes, syncs, blocked, threads, reads_folder, victim_leaves, forks}};
