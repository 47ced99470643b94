// SPDX-License-Identifier: MIT
/*
 * block.c: block backend: a file or block device of the host, opened by the supervisor. Host
 * threads do what may block. Each has a ring of requests (producer: the vCPU) and a ring of
 * completions (consumer: the vCPU); neither can overflow, since at most SD_BLOCK_REQS are in
 * flight. Requests avoid threads that are flushing; all writes go to one thread, which merges
 * adjacent ones. The vCPU itself does what doesn't block: reads from the host's page cache,
 * everything on a RAM backend.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "process.h"

#define RING	   SD_BLOCK_REQS
#define MERGE_VECS 512 /* host limit: 1024 */
#define WORKERS	   4
#define SPIN_NS	   20000	/* how long an idle thread polls for more */
#define PUSH_BYTES (512u << 10) /* a write this large is unlikely to be overwritten soon */

_Static_assert(sizeof(struct sd_block_vec) == sizeof(struct iovec), "a vec is an iovec");

struct ring {
	_Atomic uint32_t head, tail; /* consumer's, producer's; free running */
	struct sd_block_req *req[RING];
};

struct worker {
	struct disk *disk;
	struct ring todo, done;
	_Atomic uint32_t sleeping;
	unsigned int load, writes, flushes; /* in flight here; used by the vCPU */
	/* written range whose writeback starts after completion */
	uint64_t out_at, out_len;
};

struct disk {
	int fd;
	unsigned int bit;
	bool inline_all; /* nothing on this backend blocks */
	struct sd_block_info info;
	_Atomic uint64_t written; /* counts */
	pthread_mutex_t flushing;
	/* value of `written` that the last flush covered; protected by `flushing`, like the next */
	uint64_t stable;
	int lost;
	struct worker worker[WORKERS];
};

static void ring_push(struct ring *r, struct sd_block_req *req)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->req[tail % RING] = req;
	atomic_store(&r->tail, tail + 1);
}

static struct sd_block_req *ring_peek(struct ring *r, uint32_t ahead)
{
	uint32_t at = atomic_load_explicit(&r->head, memory_order_relaxed) + ahead;

	return at == atomic_load(&r->tail) ? NULL : r->req[at % RING];
}

static void ring_pop(struct ring *r, uint32_t n)
{
	atomic_fetch_add(&r->head, n);
}

/* ---- performing requests; any thread ---- */

/* Transfers all of it, or returns an error, also if the file was truncated. */
static int disk_transfer(struct disk *d, bool write, struct iovec *iov, int n, uint64_t offset,
			 int flags)
{
	ssize_t done;

	while (n) {
		done = write ? pwritev2(d->fd, iov, n, offset, flags)
			     : preadv2(d->fd, iov, n, offset, flags);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		offset += done;
		while (n && (size_t)done >= iov->iov_len) {
			done -= iov->iov_len;
			iov++;
			n--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
	return 0;
}

/* Starts the host's writeback, so that the next flush waits for less. Only a hint. */
static void push_out(struct disk *d, uint64_t offset, uint64_t len)
{
	sync_file_range(d->fd, offset, len, SYNC_FILE_RANGE_WRITE);
}

/*
 * Serves discard and write-zeroes: a hole reads as zeroes. ZERO_RANGE would keep the file's blocks;
 * with KEEP_SIZE it would also allocate blocks beyond its end, without limit, so seccomp forbids
 * it.
 */
static int disk_punch(struct disk *d, const struct sd_block_req *req)
{
	int err;

	do
		err = fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, req->offset,
				req->len)
			      ? -errno
			      : 0;
	while (err == -EINTR);
	return err;
}

/*
 * What was written before the call is on stable storage when it returns. One flush at a time: a
 * waiter's work is done if the other flush began late enough. The host reports a failed writeback
 * only once; we report it on every later flush.
 */
static int disk_flush(struct disk *d)
{
	uint64_t upto = atomic_load(&d->written);
	int err = 0;

	pthread_mutex_lock(&d->flushing);
	if (d->stable < upto && !d->lost) {
		upto = atomic_load(&d->written);
		do
			err = fdatasync(d->fd) ? -errno : 0;
		while (err == -EINTR);
		if (!err)
			d->stable = upto;
		d->lost = err;
	}
	err = d->lost;
	pthread_mutex_unlock(&d->flushing);
	return err;
}

static int request_perform(struct disk *d, struct sd_block_req *req)
{
	int err = 0;

	if (req->op == SD_BLOCK_FLUSH || req->flags & SD_BLOCK_PREFLUSH)
		err = disk_flush(d);
	if (err)
		return err;
	switch (req->op) {
	case SD_BLOCK_READ:
		return disk_transfer(d, false, (struct iovec *)req->vec, req->nvec, req->offset, 0);
	case SD_BLOCK_WRITE:
		err = disk_transfer(d, true, (struct iovec *)req->vec, req->nvec, req->offset, 0);
		break;
	case SD_BLOCK_DISCARD:
	case SD_BLOCK_ZERO:
		err = disk_punch(d, req);
		break;
	case SD_BLOCK_FLUSH:
		return 0;
	}
	atomic_fetch_add(&d->written, 1);
	return err || !(req->flags & SD_BLOCK_FUA) ? err : disk_flush(d);
}

/* ---- the threads ---- */

static bool request_flushes(const struct sd_block_req *req)
{
	return req->op == SD_BLOCK_FLUSH || req->flags & (SD_BLOCK_PREFLUSH | SD_BLOCK_FUA);
}

static uint64_t requests_gather(struct worker *w, struct iovec *iov, int *niov, uint32_t *nreq)
{
	struct sd_block_req *first = ring_peek(&w->todo, 0), *req = first;
	uint64_t end = first->offset;

	*niov = *nreq = 0;
	while (req && req->op == first->op && req->flags == first->flags && req->offset == end &&
	       *niov + req->nvec <= MERGE_VECS) {
		memcpy(iov + *niov, req->vec, req->nvec * sizeof(*iov));
		*niov += req->nvec;
		end += req->len;
		req = ring_peek(&w->todo, ++*nreq);
	}
	return end;
}

/* Merges adjacent requests into one call of the host. */
static uint32_t perform_merged(struct worker *w)
{
	struct sd_block_req *first = ring_peek(&w->todo, 0);
	struct iovec iov[MERGE_VECS];
	uint64_t end = first->offset;
	uint32_t n = 0, i;
	int niov, err;

	w->out_len = 0;
	if ((first->op == SD_BLOCK_READ || first->op == SD_BLOCK_WRITE) && !request_flushes(first))
		end = requests_gather(w, iov, &niov, &n);
	if (!n) {
		first->result = request_perform(w->disk, first);
		return 1;
	}
	err = disk_transfer(w->disk, first->op == SD_BLOCK_WRITE, iov, niov, first->offset, 0);
	if (first->op == SD_BLOCK_WRITE) {
		atomic_fetch_add(&w->disk->written, 1);
		if (!err && (first->flags & SD_BLOCK_SOON || end - first->offset >= PUSH_BYTES)) {
			w->out_at = first->offset;
			w->out_len = end - first->offset;
		}
	}
	for (i = 0; i < n; i++) /* on failure each is retried on its own */
		ring_peek(&w->todo, i)->result =
			err ? request_perform(w->disk, ring_peek(&w->todo, i)) : 0;
	return n;
}

/* Until when to poll for more. Not at all on the vCPU's CPU, which needs it to handle the
 * completions. */
static uint64_t spin_end(void)
{
	return (int)__atomic_load_n(machine_cpu_word, __ATOMIC_RELAXED) == sched_getcpu()
		       ? 0
		       : machine_clock() + SPIN_NS;
}

static void await_work(struct worker *w)
{
	uint64_t end = spin_end();

	while (!ring_peek(&w->todo, 0)) {
		if (machine_clock() < end) {
			__builtin_ia32_pause();
			continue;
		}
		atomic_store(&w->sleeping, 1);
		if (!ring_peek(&w->todo, 0))
			syscall(SYS_futex, &w->sleeping, FUTEX_WAIT, 1, NULL, NULL, 0);
		atomic_store(&w->sleeping, 0);
	}
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		uint32_t n, i;

		await_work(w);
		n = perform_merged(w);
		for (i = 0; i < n; i++)
			ring_push(&w->done, ring_peek(&w->todo, i));
		ring_pop(&w->todo, n);
		machine_doorbell(w->disk->bit);
		if (w->out_len)
			push_out(w->disk, w->out_at, w->out_len);
	}
	return NULL;
}

/* ---- the vCPU ---- */

/* Cost of queueing here, lower is better: awake and idle, idle, busy, busy with a flush. */
static unsigned int requests_awkward(const struct worker *w)
{
	return (w->flushes ? 1000 : 0) + (w->load ? 10 + w->load : atomic_load(&w->sleeping));
}

static struct worker *worker_for(struct disk *d, const struct sd_block_req *req)
{
	bool writes = req->op == SD_BLOCK_WRITE && !request_flushes(req);
	struct worker *best = &d->worker[0];

	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &d->worker[i];

		if (writes && w->writes && !w->flushes)
			return w;
		if (requests_awkward(w) < requests_awkward(best))
			best = w;
	}
	return best;
}

static void request_count(struct worker *w, const struct sd_block_req *req, int n)
{
	w->load += n;
	if (request_flushes(req))
		w->flushes += n;
	else if (req->op == SD_BLOCK_WRITE)
		w->writes += n;
}

static int read_now(struct disk *d, const struct sd_block_req *req)
{
	ssize_t n =
		preadv2(d->fd, (const struct iovec *)req->vec, req->nvec, req->offset, RWF_NOWAIT);

	return n == (ssize_t)req->len;
}

static int block_submit(void *host, struct sd_block_req *req)
{
	struct disk *d = host;
	struct worker *w;

	if (d->inline_all) {
		req->result = request_perform(d, req);
		return 1;
	}
	if (req->op == SD_BLOCK_READ && read_now(d, req)) {
		req->result = 0;
		return 1;
	}
	w = worker_for(d, req);
	request_count(w, req, 1);
	ring_push(&w->todo, req);
	if (atomic_load(&w->sleeping)) {
		atomic_store(&w->sleeping, 0);
		machine_wake((uint32_t *)&w->sleeping);
	}
	return 0;
}

static struct sd_block_req *block_done(void *host)
{
	struct disk *d = host;

	for (int i = 0; i < WORKERS; i++) {
		struct sd_block_req *req = ring_peek(&d->worker[i].done, 0);

		if (req) {
			ring_pop(&d->worker[i].done, 1);
			request_count(&d->worker[i], req, -1);
			return req;
		}
	}
	return NULL;
}

static void block_info(void *host, struct sd_block_info *info)
{
	*info = ((struct disk *)host)->info;
}

static void block_start(void *host)
{
	struct disk *d = host;
	int err = 0;

	for (int i = 0; i < WORKERS && !err && !d->inline_all; i++)
		err = machine_thread_start(worker_run, &d->worker[i]);
	if (err)
		machine_die("--dev=block: I/O thread: %s", strerror(-err));
}

static const struct sd_block_ops block_ops = {
	.info = block_info,
	.submit = block_submit,
	.done = block_done,
};

static const struct sd_device_ops block_device_ops = {
	.start = block_start,
	.block = &block_ops,
};

static void disk_measure(struct disk *d, long fd)
{
	struct stat st;
	uint64_t size;
	int sector = 512, flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st))
		machine_die(
			"--dev=block,fd=%ld: %s; the supervisor must pass an open file or block device of "
			"that number",
			fd, strerror(errno));
	size = st.st_size;
	if (S_ISBLK(st.st_mode) &&
	    (ioctl(fd, BLKGETSIZE64, &size) || ioctl(fd, BLKSSZGET, &sector)))
		machine_die("--dev=block,fd=%ld: cannot get its size: %s", fd, strerror(errno));
	d->info = (struct sd_block_info){
		.size = size / sector * sector,
		.sector = sector,
		.read_only = (flags & O_ACCMODE) == O_RDONLY,
		.discard = (flags & O_ACCMODE) != O_RDONLY && S_ISREG(st.st_mode),
	};
	if (!d->info.size)
		machine_die(
			"--dev=block,fd=%ld: it is smaller than a sector; make it bigger with truncate -s",
			fd);
}

static void block_open(struct sd_device *dev, int index)
{
	static const int calls[] = {SYS_preadv,	   SYS_pwritev,	  SYS_preadv2,	      SYS_pwritev2,
				    SYS_fdatasync, SYS_fallocate, SYS_sync_file_range};
	struct disk *d = calloc(1, sizeof(*d));
	char text[8];

	if (!d)
		machine_die("--dev=block: out of memory");
	d->fd = machine_dev_num(dev->args, "fd");
	d->inline_all =
		machine_dev_arg(dev->args, "inline", text, sizeof(text)) && !strcmp(text, "1");
	d->bit = SD_IRQ_DEVICE + index;
	for (int i = 0; i < WORKERS; i++)
		d->worker[i].disk = d;
	disk_measure(d, d->fd);
	pthread_mutex_init(&d->flushing, NULL);
	atomic_store(&d->written, 1); /* by an earlier user of the file */
	machine_seccomp_allow(calls, sizeof(calls) / sizeof(calls[0]));
	machine_shares_allow(); /* programs can map files of a disk */
	machine_shares_limit(dev->args);
	dev->host = d;
	dev->ops = &block_device_ops;
}

const struct machine_device machine_device_block = {.type = "block", .open = block_open};
