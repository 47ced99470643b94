/* SPDX-License-Identifier: MIT */
/*
 * sd/machine.h - CONTRACT between the kernel side (sd.o: arch, kernel/, transports, the slice) and
 * the machine that runs it, a folder of runtime/machine. Both sides include this header; it
 * includes nothing but types.
 *
 *   machine      --sd_start(boot), sd_fixup(), sd_describe(), sd_pending-->     kernel side
 *   kernel side  --the operations of boot->machine (struct sd_machine_ops)-->   machine
 *
 * Threads: the kernel side is one host thread, the vCPU: it alone runs sd_start() and calls the
 * operations. A machine may have threads of its own (network receive, control socket, block I/O);
 * they never touch kernel data. They hand over work in a single-producer ring of the machine, then
 * ring a doorbell: set a bit of sd_pending and, if *boot->sleeping, store 0 there and wake; the
 * kernel side sees it at its next safe point. All operations are called on kernel stacks (16 KiB):
 * a machine keeps its frames small and takes no lock that another task of the same thread could
 * hold.
 *
 * Global symbols of sd.o: the names in runtime/machine/entries.txt, which are declared under
 * "Kernel side" below, and those in the entries.txt of each transport.
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

struct sd_wake_page;

#define SD_NO_DEADLINE (~0ULL)
#define SD_CLIENTS_MAX 4096 /* attached at a time */

/* Bits of sd_pending: one doorbell line each. Bits from SD_IRQ_DEVICE on belong to devices, by
 * index in the device table. */
#define SD_IRQ_EVENT   0 /* the control event ring isn't empty */
#define SD_IRQ_WALL    1 /* set by the kernel side itself: time to read the machine's wall clock */
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
	const char *type; /* "net", "block", "mount" */
	const char *args; /* everything behind the type, as written */
	void *host;	  /* what the machine's backend opened for it */
	const struct sd_device_ops *ops;
};

/* Per device type: how the kernel side reaches its backend. Owned by the machine, constant after
 * boot. */
struct sd_net_ops {
	int (*tx)(void *host, const void *const frag[], const uint32_t len[],
		  int n); /* 0, -EAGAIN (full), -errno */
	/* Nonzero: each packet, both ways, begins with a struct virtio_net_hdr (10 bytes), and
	 * may be a large TCP segment that is still to be split. */
	int (*vnet)(void *host);
	/* Oldest received packet, or NULL; stays valid until rx_done. */
	const void *(*rx_peek)(void *host, uint32_t *len);
	void (*rx_done)(void *host);
};

enum sd_block_op { SD_BLOCK_READ, SD_BLOCK_WRITE, SD_BLOCK_FLUSH, SD_BLOCK_DISCARD, SD_BLOCK_ZERO };

#define SD_BLOCK_REQS 64  /* at most in flight for one device */
#define SD_BLOCK_VECS 128 /* of one request */
/* All writes handed back before are on stable storage before this one begins */
#define SD_BLOCK_PREFLUSH 1u
#define SD_BLOCK_FUA	  2u /* this one is on stable storage when it is handed back */
#define SD_BLOCK_SOON	  4u /* only a hint: a flush that somebody waits for will come after it */

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
	int32_t result; /* set by the machine: 0 or -errno. A failed request may have been done
			   in part */
	struct sd_block_vec vec[SD_BLOCK_VECS];
};

struct sd_block_info {
	uint64_t size;	 /* bytes; never changes */
	uint32_t sector; /* logical block size */
	int read_only;
	int discard; /* DISCARD is supported */
};

struct sd_block_ops {
	void (*info)(void *host, struct sd_block_info *info);
	/* 1: done already, see result. 0: in flight; done() hands it back after the device's
	 * doorbell has rung. */
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
 * Control events, machine -> kernel side. The kernel side answers each with the operation
 * event_done, from any task, in any order. A region is mapped before ATTACH is delivered and
 * unmapped after DETACH is answered.
 */
struct sd_event {
	uint32_t type; /* SD_CTL_ATTACH, DETACH, STATS, SHUTDOWN, TICKET; PEER: the answer to
			  the operation peer; PEER_GONE */
	uint32_t seq;
	struct sd_ctl_attach attach;
	uint32_t client; /* DETACH */
	struct sd_ctl_ticket ticket;
	struct sd_ctl_peer peer;
	int result;			      /* PEER: 0 or -errno */
	const struct sd_wake_page *peer_page; /* PEER: mapped read-only */
	void *region;			      /* ATTACH, PEER: mapped read-write */
	uint64_t region_size;
	int notify_fd; /* ATTACH: for the operation notify */
	int share_fd;  /* SHARE: for the operations share_* */
};

/**
 * struct sd_machine_ops - what a machine does for the kernel side
 *
 * The machine fills in one, constant from sd_start() on, with every member set. The kernel side
 * calls through sd_machine (asm/sd.h), on the vCPU alone, from any task. Unless a comment says
 * otherwise an operation doesn't block and can't fail. Times are nanoseconds.
 */
struct sd_machine_ops {
	/** @name: of the machine; the name of its folder. */
	const char *name;

	/* ---- the vCPU ---- */

	/**
	 * @clock: monotonic time, ns. Never goes back; keeps its rate when the wall clock is set.
	 */
	uint64_t (*clock)(void);
	/** @realtime: wall clock, ns since 1970. May jump. */
	uint64_t (*realtime)(void);
	/**
	 * @wait: sleeps while *@word == @value, until @deadline on @clock at most (SD_NO_DEADLINE:
	 * without a limit). Blocks the vCPU. May return early for no reason.
	 */
	void (*wait)(uint32_t *word, uint32_t value, uint64_t deadline);
	/**
	 * @wake: wakes every thread, of whatever process, that sleeps on @word, which may be in
	 * memory shared with a client. Returns how many woke. A bad address is ignored and never
	 * faults. Async-signal-safe, and the machine's own threads may call it.
	 */
	int (*wake)(uint32_t *word);
	/** @yield: lets another thread of this host CPU run first. */
	void (*yield)(void);
	/** @cpu: number of the host CPU that the vCPU runs on: a hint, stale at once. */
	int (*cpu)(void);
	/** @halt: ends the domain with an exit status, 0 for an orderly end. Doesn't return. */
	void (*halt)(int status) __attribute__((noreturn));
	/**
	 * @puts: @n bytes of text for the console. Never waits for the reader: text that it doesn't
	 * take is dropped and counted.
	 */
	void (*puts)(const char *s, size_t n);

	/* ---- control: the supervisor and its clients ---- */

	/**
	 * @ready: the kernel side has booted, in @boot_ns. If @serving, the machine reports to the
	 * supervisor that the domain serves calls whose stubs have the ABI hash @stubs. The
	 * machine dropped its privileges before sd_start(), so that code which reads a hostile disk
	 * while booting has none.
	 */
	void (*ready)(uint64_t boot_ns, int serving, uint32_t stubs);
	/** @event: takes the oldest control event. 1, or 0 if there is none. */
	int (*event)(struct sd_event *ev);
	/**
	 * @event_done: answers an event, once, with @result 0 or -errno. @stats only for
	 * SD_CTL_STATS, otherwise NULL. After DETACH, and after a refused ATTACH or SHARE, the
	 * memory that the event brought is no longer mapped.
	 */
	void (*event_done)(const struct sd_event *ev, int result, const struct sd_ctl_stats *stats);
	/**
	 * @notify: signals the notification of an attached client (sd_event.notify_fd), once. 0 or
	 * -errno; never blocks, -EAGAIN: it has been rung too often unheard.
	 */
	int (*notify)(int notify_fd);
	/**
	 * @ended: reports that the domain ended the channel of @client for @reason, a -errno. The
	 * supervisor still detaches the client.
	 */
	void (*ended)(uint32_t client, int reason);

	/* ---- domains that this one calls ---- */

	/**
	 * @peer: attaches this domain to another one, as a client of it (sd/control.h, PEER). The
	 * answer is an event of type SD_CTL_PEER, which must not be answered. From then on each
	 * notification of that client raises SD_IRQ_PEER. Asking again for the same name ends the
	 * earlier attachment; its memory stays mapped until @peer_done.
	 */
	void (*peer)(const char *name);
	/** @peer_done: unmaps the region that a PEER event brought, and its wake-up page. */
	void (*peer_done)(void *region);

	/* ---- memory of mapped files (sd/share.h), by the share_fd of a SHARE event ---- */

	/**
	 * @share_data: the share takes host memory only where something was stored; elsewhere it is
	 * zero, and even reading there would allocate pages. So this finds the first stretch of
	 * data at or after *@from, in bytes, and stores its bounds in *@from and *@to: 1, or 0 if
	 * there is none.
	 */
	int (*share_data)(int fd, uint64_t *from, uint64_t *to);
	/**
	 * @share_zero: makes [@from, @to) zero; whole pages of it are freed. 0 or -errno.
	 */
	int (*share_zero)(int fd, uint64_t from, uint64_t to);
	/** @share_held: bytes of host memory that it takes. */
	uint64_t (*share_held)(int fd);
	/**
	 * @share_done: the share is no longer used: @mem is unmapped, @fd closed, and the
	 * supervisor is told its @key.
	 */
	void (*share_done)(void *mem, int fd, const uint64_t key[2]);
};

/* What the machine hands to sd_start(). Lives as long as the domain. */
struct sd_boot {
	const struct sd_machine_ops *machine;
	void *ram; /* page-aligned, zeroed, on no page of the image */
	uint64_t ram_size;
	const char *cmdline; /* kernel parameters */
	struct sd_wake_page
		*wake_page; /* sd/wake_page.h; a private page if no supervisor gave one */
	uint32_t *sleeping; /* &wake_page->sleeping */
	const struct sd_device *devices;
	int ndevices;
	const char *transport; /* that clients use (sd/transport.h); NULL: the first */
	int mode;	       /* enum sd_mode */
	int serving;	       /* there is a control socket to serve */
	uint64_t seed[4];      /* entropy from the host */
	uint64_t share_max; /* bytes of the host's memory that all shares (sd/share.h) together may
			       take */
	int (*payload)(
		void); /* host code that calls into the kernel side (loop tests, direct mode) */
	void *payload_stack; /* its upper end */
};

enum sd_mode {
	SD_MODE_SERVE,	   /* boot, then serve, or sleep forever */
	SD_MODE_BOOT_ONLY, /* boot, then halt(0) */
	SD_MODE_SELF_TEST, /* boot, run the in-kernel self tests, halt(0 or 1) */
	SD_MODE_PAYLOAD,   /* boot, call boot->payload() in pid 1 on boot->payload_stack, halt(its
			      result) */
};

/* ---- Kernel side, called by the machine ---- */

/* Runs the kernel on this thread. */
void sd_start(const struct sd_boot *boot) __attribute__((noreturn));
/* Fault at ip: the address to continue at (the access then reports -EFAULT), or 0: no fixup, an
 * Oops. Async-signal-safe. */
unsigned long sd_fixup(unsigned long ip);
/* For the Oops line. Async-signal-safe. */
void sd_describe(const char **comm, int *pid);
/*
 * For the call trace of the Oops: ip, and the return addresses above sp on the current task's
 * stack, or the callers of `frame` where the image has frame pointers, each as an offset from
 * _text. Returns how many, at most max (2 or more). Async-signal-safe.
 */
int sd_callers(unsigned long ip, unsigned long sp, unsigned long frame, long *at, int max);
/* Bits SD_IRQ_*. Any host thread ORs into it, as "Threads" above says. */
extern uint32_t sd_pending;

#endif
