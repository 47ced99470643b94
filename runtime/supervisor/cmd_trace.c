// SPDX-License-Identifier: GPL-2.0
/*
 * kdom trace: prints the calls of programs that use a domain, beginning while they run. The
 * supervisor tells them that somebody listens as long as our connection to it lives (TRACE), so our
 * end, of whatever kind, is the end of it. See sd/trace.h.
 */
#include "commands.h"
#include "ask.h"
#include "ctlmsg.h"
#include "log.h"
#include "options.h"
#include "paths.h"
#include "trace.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TRACE_ASK_MS 5000

struct tracing {
	const char *name;
	int sock;	 /* the supervisor */
	int end;	 /* readable: it has ended, or we shall */
	uint32_t hidden; /* clients of others, as said last */
	struct tracer tracer;
};

static int stop_fd; /* an eventfd: a signal has come */

static void stop(int sig)
{
	uint64_t one = 1;

	if (write(stop_fd, &one, sizeof(one)) < 0)
		return; /* it has been told before */
}

static void say_refused(const struct tracing *t, int err)
{
	if (err == -EPERM || err == -EACCES)
		say("%s: only its owner and root may trace the programs that use it", t->name);
	else if (err == -EBUSY)
		say("%s: somebody traces it already; kdom log %s says who", t->name, t->name);
	else if (err == -EREMOTEIO)
		say("%s: the domain doesn't run; kdom up %s starts it", t->name, t->name);
	else if (err == -ENOENT || err == -ECONNREFUSED)
		say("%s: no domain of that name is up", t->name);
	else if (err == -EPROTO || err == -EPIPE)
		say("%s: its supervisor was built for another ABI; end it by kdom down and start "
		    "it anew",
		    t->name);
	else
		say("%s: its supervisor: %s", t->name, strerror(-err));
}

/* 0, or -errno. on: as in struct sd_ctl_trace. */
static int trace_ask(struct tracing *t, bool on, struct sd_ctl_trace *answer)
{
	struct sd_ctl_msg m;
	int err;

	ctl_init(&m, SD_CTL_TRACE, 1);
	m.u.trace.on = on;
	err = ask_with(t->sock, &m, TRACE_ASK_MS);
	if (!err)
		err = m.result;
	*answer = m.u.trace;
	return err;
}

static void say_hidden(struct tracing *t, const struct sd_ctl_trace *c)
{
	if (c->hidden != t->hidden)
		say("%s: %u of %u clients aren't shown: they are other users', whom only root may trace",
		    t->name, c->hidden, c->clients);
	t->hidden = c->hidden;
}

/* The socket of the domain that is meant; the tracer's is beside it. 0, or -errno after saying why.
 */
static int trace_connect(struct tracing *t, char *arg)
{
	char *at = strchr(arg, '='), sock[PATH_MAX - sizeof(SD_TRACE_SUFFIX)];
	int err = 0;

	if (at)
		*at++ = 0;
	if (check_name(arg))
		return -EINVAL;
	t->name = arg;
	if (at && *at != '/') {
		say("trace: %s: not an absolute path", at);
		return -EINVAL;
	}
	if (!at)
		err = paths_in_dir(sock, sizeof(sock), arg, ".sock");
	else if (snprintf(sock, sizeof(sock), "%s", at) >= (int)sizeof(sock))
		err = -ENAMETOOLONG;
	if (err)
		return err;
	snprintf(t->tracer.path, sizeof(t->tracer.path), "%s%s", sock, SD_TRACE_SUFFIX);
	t->sock = ask_connect_path(sock);
	if (t->sock < 0)
		say_refused(t, t->sock);
	return t->sock < 0 ? t->sock : 0;
}

static int end_watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* Signals interrupt a write that waits for its reader, too: no SA_RESTART. */
static int end_prepare(struct tracing *t)
{
	struct sigaction act = {.sa_handler = stop};
	int err;

	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->end = epoll_create1(EPOLL_CLOEXEC);
	if (stop_fd < 0 || t->end < 0)
		return -errno;
	err = end_watch(t->end, stop_fd, EPOLLIN);
	if (!err)
		err = end_watch(t->end, t->sock, EPOLLRDHUP);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	return err;
}

/* Nobody is told to connect before somebody listens, and nobody listens in the place of another. */
static int trace_start(struct tracing *t, const struct kdom_values *v)
{
	struct sd_ctl_trace counts;
	int err = trace_ask(t, false, &counts);

	if (err) {
		say_refused(t, err);
		return err;
	}
	t->tracer.out = v->output ? fopen(v->output, "we") : stdout;
	if (!t->tracer.out) {
		say("-o %s: %s", v->output, strerror(errno));
		return -EIO;
	}
	t->tracer.running = true;
	t->tracer.only = v->pid;
	err = tracer_open(&t->tracer);
	if (err)
		return err;
	err = end_prepare(t);
	if (!err)
		err = trace_ask(t, true, &counts);
	if (err) {
		say_refused(t, err);
		return err;
	}
	say("%s: tracing; clients now: %u", t->name, counts.clients);
	say_hidden(t, &counts);
	return 0;
}

int cmd_trace(void *values, int nargs, char **args)
{
	static struct tracing t;
	struct sd_ctl_trace counts;
	int err;

	if (trace_connect(&t, args[0]))
		return 1;
	err = trace_start(&t, values);
	if (!err) {
		err = tracer_run(&t.tracer, t.end);
		if (err && err != -EPIPE && err != -EINTR)
			say("trace: %s", strerror(-err));
		if (trace_ask(&t, false, &counts))
			say("%s: the domain has ended", t.name);
		else
			say_hidden(&t, &counts);
	}
	if (t.tracer.n)
		tracer_close(&t.tracer);
	return err && err != -EINTR ? 1 : 0;
}
