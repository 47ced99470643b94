/* SPDX-License-Identifier: MIT */
/*
 * sd/machine.h - CONTRACT between the kernel side (sd.o: arch, kernel/, the slice) and the machine that runs it
 * (machine/process: host C with glibc; machine/xen later). Both sides include it; it includes nothing but types.
 *
 *   kernel side  --sd_machine_*()-->  machine        kernel side  <--sd_start(), sd_fixup(), sd_pending--  machine
 *
 * Threads: the kernel side is one host thread, the vCPU: it alone runs sd_start() and calls sd_machine_*(). A machine may
 * have threads of its own (network receive, control socket, block I/O); they never touch kernel data. They hand over work in
 * a single-producer ring of the machine's, then ring a doorbell: set a bit of sd_pending and, if *boot->sleeping,
 * store 0 there and wake; the kernel side sees it at its next safe point. All functions here are called on kernel stacks (16 KiB): a machine keeps its frames
 * small and takes no lock that another task of the same thread could hold.
 *
 * Entry list: what sd.o leaves global is exactly the functions and data under "Kernel side" below.
 */
#ifndef SD_MACHINE_H
#define SD_MACHINE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#include <sd/control.h>

struct sd_bell;

#define SD_NO_DEADLINE (~0ULL)
#define SD_CLIENTS_MAX 4096 /* attached at a time */

/* Bits of sd_pending: one doorbell line each. Bits from SD_IRQ_DEVICE on belong to devices, by
 * index in the device table. */
#define SD_IRQ_EVENT   0 /* the control event ring isn't empty */
#define SD_IRQ_WALL    1 /* the kernel side's own: time to look at sd_machine_realtime() */
#define SD_IRQ_PEER    2 /* another domain may have answered a call of this one */
#define SD_IRQ_DEVICE  8
#define SD_IRQS	       32
#define SD_DEVICES_MAX (SD_IRQS - SD_IRQ_DEVICE)

/*
 * A device as the image's command line gives it: --dev=TYPE,key=value,... The kernel side looks up
 * a driver by type (runtime/kernel/dev.c) and hands it the whole argument text; `host` is the
 * machine's handle, opened before boot.
 */
struct sd_device {
	const char *type; /* "net", "block" */
	const char *args; /* everything behind the type, as written */
	void *host;	  /* what the machine's backend opened for it */
	const struct sd_device_ops *ops;
};

/* Per device type: how the kernel side reaches its backend. Owned by the machine, constant after
 * boot. */
struct sd_net_ops {
	int (*tx)(void *host, const void *const frag[], const uint32_t len[],
		  int n); /* 0, -EAGAIN (full), -errno */
	/* Nonzero: each packet, both ways, begins with a struct virtio_net_hdr (10 bytes), and may
	 * be a big TCP one to cut. */
	int (*vnet)(void *host);
	/* Oldest received packet, or NULL; stays valid until rx_done. */
	const void *(*rx_peek)(void *host, uint32_t *len);
	void (*rx_done)(void *host);
};

enum sd_block_op { SD_BLOCK_READ, SD_BLOCK_WRITE, SD_BLOCK_FLUSH, SD_BLOCK_DISCARD, SD_BLOCK_ZERO };

#define SD_BLOCK_REQS 64  /* of one device under way at a time, at most */
#define SD_BLOCK_VECS 128 /* of one request */
#define SD_BLOCK_PREFLUSH \
	1u /* all writes handed back before are on stable storage before this one begins */
#define SD_BLOCK_FUA  2u /* this one is when it is handed back */
#define SD_BLOCK_SOON 4u /* only a hint: a flush that somebody waits for will come after it */

struct sd_block_vec { /* a struct iovec */
	void *base;
	uint64_t len;
};

/* Made and owned by the kernel side; between submit and done the machine's threads read it, and the
 * memory its vec names. */
struct sd_block_req {
	uint32_t op; /* enum sd_block_op */
	uint32_t flags;
	uint64_t offset, len; /* bytes; within the device */
	uint32_t nvec;	      /* READ, WRITE: together len bytes */
	int32_t result; /* the machine's: 0 or -errno. Nothing is said of how much of a failed one
			   was done */
	struct sd_block_vec vec[SD_BLOCK_VECS];
};

struct sd_block_info {
	uint64_t size;	 /* bytes; never changes */
	uint32_t sector; /* logical block size */
	int read_only;
	int discard; /* DISCARD is worth asking for */
};

struct sd_block_ops {
	void (*info)(void *host, struct sd_block_info *info);
	/* 1: done already, see result. 0: it is under way, done() hands it back and the device's
	 * doorbell rings. */
	int (*submit)(void *host, struct sd_block_req *req);
	struct sd_block_req *(*done)(void *host); /* the next one that is done, or NULL */
};

struct sd_device_ops {
	void (*start)(void *host); /* called by the machine once, before sd_start(); may be NULL */
	union {
		const struct sd_net_ops *net;
		const struct sd_block_ops *block;
	};
};

/*
 * Control events, machine -> kernel side. The kernel side answers each with
 * sd_machine_event_done(), from any task, in any order. A region is mapped before ATTACH is
 * delivered and unmapped after DETACH is answered.
 */
struct sd_event {
	uint32_t type; /* SD_CTL_ATTACH, DETACH, STATS, SHUTDOWN, TICKET; PEER: the answer to
			  sd_machine_peer(); PEER_GONE */
	uint32_t seq;
	struct sd_ctl_attach attach;
	uint32_t client; /* DETACH */
	struct sd_ctl_ticket ticket;
	struct sd_ctl_peer peer;
	int result;			 /* PEER: 0 or -errno */
	const struct sd_bell *peer_bell; /* PEER: mapped read-only */
	void *region;			 /* ATTACH, PEER: mapped read-write */
	uint64_t region_size;
	int bell_fd;  /* ATTACH: for sd_machine_bell() */
	int share_fd; /* SHARE: for sd_machine_share_*() */
};

/* What the machine hands to sd_start(). Lives as long as the domain. */
struct sd_boot {
	void *ram; /* page-aligned, zeroed, on no page of the image */
	uint64_t ram_size;
	const char *cmdline;  /* kernel parameters */
	struct sd_bell *bell; /* sd/bell.h; a private page if no supervisor gave one */
	uint32_t *sleeping;   /* &bell->sleeping */
	const struct sd_device *devices;
	int ndevices;
	int mode;	    /* enum sd_mode */
	int serving;	    /* a control socket is there: serve it */
	uint64_t seed[4];   /* entropy from the host */
	uint64_t share_max; /* bytes of the host's memory that all shares (sd/share.h) together may
			       take */
	int (*payload)(
		void); /* host code that calls into the kernel side (loop tests, direct mode) */
	void *payload_stack; /* its upper end */
};

enum sd_mode {
	SD_MODE_SERVE,	   /* boot, then serve or sleep for ever */
	SD_MODE_BOOT_ONLY, /* boot, then sd_machine_halt(0) */
	SD_MODE_SELF_TEST, /* boot, run the in-kernel self tests, halt(0 or 1) */
	SD_MODE_PAYLOAD,   /* boot, call boot->payload() in pid 1 on boot->payload_stack, halt(its
			      result) */
};

/* ---- Kernel side, called by the machine ---- */

/* Runs the kernel on this thread for ever. */
void sd_start(const struct sd_boot *boot) __attribute__((noreturn));
/* Fault at ip: the address to go on at (the access then reports -EFAULT), or 0: not ours, an Oops.
 * Async-signal-safe. */
unsigned long sd_fixup(unsigned long ip);
/* For the Oops line. Async-signal-safe. */
void sd_describe(const char **comm, int *pid);
/*
 * For the lines below it: ip, and the return addresses above sp on the current task's stack, or the
 * callers of `frame` where the image has frame pointers, each as an offset from _text. How many, at
 * most max (2 or more). Async-signal-safe.
 */
int sd_callers(unsigned long ip, unsigned long sp, unsigned long frame, long *at, int max);
/* Bits SD_IRQ_*: any host thread ORs into it; see machine/process/doorbell(). */
extern uint32_t sd_pending;

/* Entries of a payload: transport/loop/loop.h. The list of all entries is
 * machine/process/entries.txt. */

/* ---- Machine, called by the kernel side ---- */

void sd_machine_puts(const char *s, size_t n);
uint64_t sd_machine_clock(void);    /* monotonic ns */
uint64_t sd_machine_realtime(void); /* ns since 1970 */
/* Sleeps while *word == value, at most to `deadline` on sd_machine_clock(). May return early. */
void sd_machine_wait(uint32_t *word, uint32_t value, uint64_t deadline);
/* FUTEX_WAKE of everyone on a word, a client's sleep word say (shared, never faults: a bad word is
 * ignored). How many woke. */
int sd_machine_wake(uint32_t *word);
void sd_machine_yield(void); /* let another thread of this host CPU run */
int sd_machine_cpu(void);    /* host CPU this thread runs on, a hint */
void sd_machine_halt(int status) __attribute__((noreturn));
/* Adds 1 to an attached client's bell eventfd; never blocks. */
int sd_machine_bell(int bell_fd);

/*
 * Booted; if `serving`, tells the supervisor that it serves calls of the form that goes by the
 * number `stubs`. The machine has dropped its rights before sd_start(): a disk that boot reads is
 * no friend.
 */
void sd_machine_ready(uint64_t boot_ns, int serving, uint32_t stubs);
/* Takes the oldest event; 0 when there is none. */
int sd_machine_event(struct sd_event *ev);
/* Answers it: result 0 or -errno; stats only for SD_CTL_STATS. */
void sd_machine_event_done(const struct sd_event *ev, int result, const struct sd_ctl_stats *stats);
/*
 * Attach this domain to another, as a client of it (sd/control.h, PEER). The answer is an event,
 * which isn't to be answered; each ring of that client's bell rings SD_IRQ_PEER. Asking again for
 * the same name ends the attachment before; its memory stays until that is done with.
 */
void sd_machine_peer(const char *name);
/* Unmaps what a PEER event mapped. */
void sd_machine_peer_done(void *region);
/*
 * The memory of a share, that SHARE brought: zero, and none of the host's, but where somebody
 * stored something. Reading it elsewhere takes memory as well, so: 1 and the first stretch [*from,
 * *to) of data at or after *from, or 0.
 */
int sd_machine_share_data(int fd, uint64_t *from, uint64_t *to);
int sd_machine_share_zero(
	int fd, uint64_t from,
	uint64_t to); /* what of it is whole pages takes no memory any more. 0 or -errno */
uint64_t sd_machine_share_held(int fd); /* bytes of the host's memory */
/* The share isn't used any more: it is unmapped, and the supervisor is told. */
void sd_machine_share_done(void *mem, int fd, const uint64_t key[2]);
/* The domain ended a channel itself. */
void sd_machine_ended(uint32_t client, int reason);

#endif
