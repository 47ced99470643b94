/* SPDX-License-Identifier: MIT */
/*
 * process.h - what the files of machine/process share: the machine "a host process".
 *
 * Threads: the vCPU (the process's first thread, on kernel stacks once sd_start() ran), one control
 * thread if there is a supervisor (ctl.c), one receive thread per network device (tap.c), some per
 * block device (block.c). All are started before sd_start(), run with no capability, under the
 * seccomp filter that main() enters just before sd_start(), and never end by themselves. No malloc
 * from then on: the filter allows no brk and no anonymous mmap.
 */
#ifndef SD_PROCESS_H
#define SD_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sd/machine.h"

/* Sets a bit of sd_pending and wakes the vCPU if it sleeps. Any thread. */
void doorbell(unsigned int bit);
/* Where the vCPU says that it sleeps, and on which host CPU it last ran. Set before any thread
 * starts. */
extern uint32_t *vcpu_sleeping;
extern const uint32_t *vcpu_cpu;

/* Prints "IMAGE: place: cause; cure" and exits with status 2. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Text of `key=` in args (a --dev argument), copied to buf; false if absent. Too long is die(). */
bool dev_arg(const char *args, const char *key, char *buf, size_t size);
/* Same, a number; die() if absent or none. */
long dev_arg_num(const char *args, const char *key);

/* Opens the backend of a device given as fd=N in its args; index is its place in the device table.
 */
void net_open(struct sd_device *dev, int index);
void block_open(struct sd_device *dev, int index);

/* An Oops: the console is waited for, though not for ever. */
void console_last(const char *s, size_t n);

/* SIGSEGV and its like: fixup, or one Oops line and the end. Call on the vCPU thread. */
void faults_init(void);

/* Control socket on SD_CTL_FD: starts its thread. */
void ctl_start(void);

/* peers.c: this domain may call others. */
void peers_allow(void);
/* On the control thread. Waits until the control socket has something; rings for bells meanwhile.
 */
void peers_wait(int ctl);
/* The supervisor's answer becomes an event. Nonzero: the fds are still the caller's. */
int peer_attached(const struct sd_ctl_msg *msg, const int *fds, struct sd_event *ev);

/* shares.c: memory of mapped files. Before seccomp_enter(): there will be some. */
void shares_allow(void);
/* A disk's `shares=MIB`: bytes that they all may take of the host's memory; without it a quarter of
 * that. */
void shares_limit(const char *args);
uint64_t shares_max(void);
/* 0, and the fd is the event's; or -errno. */
int share_map(int fd, struct sd_event *ev);
void share_unmap(void *mem, int fd);

/* If defined by what is linked in: runs instead of serving, as pid 1 of the kernel side. Its result
 * is the exit status. */
int sd_payload(void) __attribute__((weak));
extern int sd_payload_argc;
extern char **sd_payload_argv;

/* From here on only what a running domain needs: see seccomp.c. */
/* core: a core dump is allowed, into the working directory. */
void rights_drop(bool core);
int landlock_enter(bool core);
void limits_last(void);
extern int unlocked; /* what landlock_enter() said */
void seccomp_enter(void);
/* Before seccomp_enter(): a device's backend makes these calls as well. */
void seccomp_allow(const int *calls, size_t n);

int thread_start(void *(*fn)(void *), void *arg);

#endif
