/* SPDX-License-Identifier: MIT */
/*
 * process.h - interfaces between the files of machine/process, the machine that is a host process.
 *
 * Threads: the vCPU (the process's first thread, on kernel stacks once sd_start() ran), one control
 * thread if there is a supervisor (ctl.c), one receive thread per network device (tap.c), some per
 * block device (block.c). All are started before sd_start(), run without capabilities, under the
 * seccomp filter that main() enters just before sd_start(), and never end on their own. No malloc
 * from then on: the filter forbids brk and anonymous mmap.
 */
#ifndef SD_PROCESS_H
#define SD_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sd/machine.h"

/* Sets a bit of sd_pending and wakes the vCPU if it sleeps. Any thread. */
void machine_doorbell(unsigned int bit);
/* Where the vCPU says that it sleeps, and on which host CPU it last ran. Set before any thread
 * starts. */
extern uint32_t *machine_sleeping;
extern const uint32_t *machine_cpu_word;

/* ---- common.c ---- */

extern const char *machine_image; /* argv[0], for messages */

/* Prints "IMAGE: place: cause; cure" and exits with status 2. */
void machine_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Text of `key=` in args (a --dev argument), copied to buf; false if absent. Dies if it is too
 * long. */
bool machine_dev_arg(const char *args, const char *key, char *buf, size_t size);
/* The same for a number; machine_die() if absent or invalid. */
long machine_dev_num(const char *args, const char *key);
/* Parses a number; machine_die() with `what` if text isn't one from min to max. */
long machine_parse_num(const char *what, const char *text, long min, long max);
/* Starts a thread with a small stack, which has entered fn(arg) when this returns. 0 or -errno. */
int machine_thread_start(void *(*fn)(void *), void *arg);

/* A device type: one file here that defines one of these, and a row in devices.c. */
struct machine_device {
	const char *type;
	/* Opens the backend of a device that is given as fd=N in dev->args, and sets dev->host and
	 * dev->ops; index is its place in the device table. machine_die() on failure. */
	void (*open)(struct sd_device *dev, int index);
};

extern const struct machine_device machine_device_net;	 /* tap.c */
extern const struct machine_device machine_device_block; /* block.c */

/* Opens the device TYPE,key=value,... at `index`. text is modified and kept. */
void machine_device_open(struct sd_device *dev, int index, char *text);

/* ---- the operations of struct sd_machine_ops, described there ---- */

uint64_t machine_clock(void);
uint64_t machine_realtime(void);
void machine_wait(uint32_t *word, uint32_t value, uint64_t deadline);
int machine_wake(uint32_t *word);
void machine_yield(void);
int machine_cpu(void);
void machine_halt(int status) __attribute__((noreturn));
void machine_puts(const char *s, size_t n);
void machine_ready(uint64_t boot_ns, int serving, uint32_t stubs);
int machine_event(struct sd_event *ev);
void machine_event_done(const struct sd_event *ev, int result, const struct sd_ctl_stats *stats);
int machine_notify(int notify_fd);
void machine_ended(uint32_t client, int reason);
void machine_peer(const char *name);
void machine_peer_done(void *region);
int machine_share_data(int fd, uint64_t *from, uint64_t *to);
int machine_share_zero(int fd, uint64_t from, uint64_t to);
uint64_t machine_share_held(int fd);
void machine_share_done(void *mem, int fd, const uint64_t key[2]);

/* Prints an Oops: waits for the console, but not forever. */
void machine_console_last(const char *s, size_t n);

/* Handles SIGSEGV and the like: fixup, or an Oops and the end. Call on the vCPU thread. */
void machine_faults_init(void);

/* Starts the thread of the control socket SD_CTL_FD. */
void machine_ctl_start(void);

/* peers.c: this domain may call others. */
void machine_peers_allow(void);
/* On the control thread. Waits for input on the control socket, and passes on notifications
 * meanwhile. */
void machine_peers_wait(int ctl);
/* Turns the supervisor's answer into an event. Nonzero: the fds remain the caller's. */
int machine_peer_attached(const struct sd_ctl_msg *msg, const int *fds, struct sd_event *ev);

/* shares.c: memory of mapped files. Allows their system calls; before machine_seccomp_enter(). */
void machine_shares_allow(void);
/* Sets the limit of all shares from a disk's `shares=MIB`; without it a quarter of the host's
 * memory. */
void machine_shares_limit(const char *args);
uint64_t machine_shares_max(void);
/* 0 if the event has taken over fd, or -errno. */
int machine_share_map(int fd, struct sd_event *ev);
void machine_share_unmap(void *mem, int fd);

/* From here on: only what a running domain needs, see seccomp.c. */
/* core: a core dump is allowed, into the working directory. */
void machine_privileges_drop(bool core);
void machine_landlock_enter(bool core);
void machine_limits_last(void);
extern int machine_unlocked; /* 0, or the errno of machine_landlock_enter() */
void machine_seccomp_enter(void);
/* Before machine_seccomp_enter(): also allows these calls, which a device's backend makes. */
void machine_seccomp_allow(const int *calls, size_t n);

#endif
