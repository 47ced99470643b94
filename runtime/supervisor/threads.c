// SPDX-License-Identifier: GPL-2.0
/*
 * threads.c: threads for work that may block: closing files that clients gave us, such as a TCP
 * socket that lingers or a file whose server doesn't answer. The kernel closes them in our context:
 * in close(), in recvmsg() of more fds than there is room for, or with the socket in whose queue
 * they are. The loop hands a job over (threads_do) and gets it back when it is done; in between
 * only the thread uses the job's objects. Strangers' jobs, and those of root and the owner, have
 * separate threads, at least one each from the start. A thread allocates no memory and takes no
 * other lock, because the loop forks.
 */
#include "threads.h"
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK (256u << 10)

struct pool {
	pthread_cond_t work;
	struct jobs todo;
	unsigned queued, idle, threads, most;
};

static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER; /* protects all below */
static struct pool pools[] = {{.work = PTHREAD_COND_INITIALIZER, .most = 256},
			      {.work = PTHREAD_COND_INITIALIZER, .most = 128}};
static struct jobs jobs_done;
static struct source done_src; /* read by the loop */

static void *thread_run(void *arg)
{
	struct pool *p = arg;
	struct job *j;

	pthread_mutex_lock(&pools_lock);
	for (;;) {
		p->idle++;
		while (!(j = jobs_take(&p->todo)))
			pthread_cond_wait(&p->work, &pools_lock);
		p->idle--;
		p->queued--;
		pthread_mutex_unlock(&pools_lock);
		j->work(j);
		pthread_mutex_lock(&pools_lock);
		jobs_put(&jobs_done, j);
		eventfd_write(done_src.fd, 1);
	}
	return NULL;
}

static int pool_grow(struct pool *p)
{
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&t, &attr, thread_run, p);
	pthread_attr_destroy(&attr);
	p->threads += !err;
	return -err;
}

/* One job per turn. */
static void thread_job_done(struct daemon *d, struct source *src, uint32_t events)
{
	eventfd_t one;
	struct job *j;

	if (eventfd_read(src->fd, &one))
		return;
	pthread_mutex_lock(&pools_lock);
	j = jobs_take(&jobs_done);
	pthread_mutex_unlock(&pools_lock);
	j->done(d, j);
}

int threads_start(struct loop *l)
{
	int err;

	done_src.ready = thread_job_done;
	done_src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (done_src.fd < 0)
		return -errno;
	err = loop_watch(l, &done_src, EPOLLIN);
	for (unsigned i = 0; i < sizeof(pools) / sizeof(pools[0]) && !err; i++)
		err = pool_grow(&pools[i]);
	return err;
}

void threads_do(struct job *j, bool stranger)
{
	struct pool *p = &pools[!stranger];
	bool few;

	pthread_mutex_lock(&pools_lock);
	jobs_put(&p->todo, j);
	few = ++p->queued > p->idle && p->threads < p->most;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&pools_lock);
	if (few && pool_grow(p))
		note_warn("cannot start more than %u threads: closing of files is delayed",
			  p->threads);
}
