// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor's end: the daemon itself, less its main loop, its log, its threads (a job is done
 * when it is given) and its domain process. The input is a sequence of what clients and domain do:
 * connect, send, pass sockets, answer or not, end; and of time that passes.
 */
#include "../../../runtime/supervisor/daemon.c"
#include "../../../runtime/supervisor/machine.h"

#include <sys/eventfd.h>

#include "fuzz.h"

#define SLOTS	 8
#define FAKE_PID 4711

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct daemon d;
static uint64_t now;
static int domain_end = -1, domain_over = -1;
static struct {
	int sock, theirs; /* theirs: a descriptor of the supervisor's end, where it was passed */
} slot[SLOTS];
static uint32_t owed[8]; /* seqs that the domain was asked by, the last ones */
static unsigned asked, connected, attached;

/* ---- what the daemon stands on ---- */

uint64_t now_ms(void)
{
	return now;
}

void log_line(enum log_level level, const char *fmt, ...)
{
}

void say(const char *fmt, ...)
{
}

int log_open(const char *path)
{
	return 0;
}

void log_text(char *text, size_t n)
{
}

int paths_in_dir(char *buf, size_t n, const char *name, const char *suffix)
{
	return -ENOENT;
}

uint8_t *belts_make(void)
{
	static uint8_t belts[BELTS];

	return belts;
}

static void fake_look(uint8_t *belts, pid_t pid)
{
}

void belts_log(const char *name, const uint8_t *belts)
{
}

size_t symbols_of(int image_fd, const char *line, char *to, size_t size)
{
	return 0;
}

void symbols_new_run(void)
{
}

void cores_dir_close(const struct config *cfg, pid_t supervisor, unsigned start)
{
}

bool device_is_disk(const struct device *dev)
{
	return false;
}

int image_hide(struct config *cfg)
{
	return 0;
}

void cgroup_make(struct cgroup *g, const struct config *cfg, pid_t up)
{
}

void cgroup_clients(struct cgroup *g, const struct config *cfg, unsigned n)
{
}

void cgroup_remove(struct cgroup *g)
{
}

static pid_t fake_spawn(const struct config *cfg, const struct domain *dom, int ctl, int wake_page,
			int log)
{
	fds_close(&domain_end, 1);
	domain_end = fcntl(ctl, F_DUPFD_CLOEXEC, 0);
	return FAKE_PID;
}

/* threads.c, less the threads */
static struct jobs done;

int threads_start(struct loop *l)
{
	return 0;
}

void threads_do(struct job *j, bool stranger)
{
	j->work(j);
	jobs_put(&done, j);
}

static int fake_watch(pid_t pid)
{
	return domain_over = eventfd(0, EFD_CLOEXEC);
}

static void fake_kill(pid_t pid)
{
	FUZZ_CHECK(pid == FAKE_PID && d.dom.pid == pid);
	eventfd_write(domain_over, 1);
}

static bool fake_reap(pid_t pid, bool wait, int *status)
{
	FUZZ_CHECK(pid == FAKE_PID);
	*status = SIGKILL;
	return true;
}

static const struct machine fake = {
	.name = "fake",
	.spawn = fake_spawn,
	.watch = fake_watch,
	.kill = fake_kill,
	.reap = fake_reap,
	.look = fake_look,
};

/* ---- one case ---- */

static void jobs_done(void)
{
	struct job *j;

	while ((j = jobs_take(&done)))
		j->done(&d, j);
}

static void loop(void)
{
	struct source *src;
	uint32_t events;

	for (int i = 0; i < 64 && (src = loop_wait(&d.loop, 0, &events)); i++) {
		daemon_timers(&d);
		src->ready(&d, src, events);
		jobs_done();
	}
	daemon_timers(&d);
}

static int free_slot(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slot[i].sock < 0)
			return i;
	return -1;
}

static void hang_up(int i)
{
	fds_close(&slot[i].sock, 1);
	fds_close(&slot[i].theirs, 1);
}

static void new_client(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sun);
	int i = free_slot();

	if (i < 0)
		return;
	getsockname(d.listener.fd, (struct sockaddr *)&sun, &len);
	slot[i].sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!connect(slot[i].sock, (struct sockaddr *)&sun, len))
		connected++;
}

/* Up to a dozen fds: of nothing, of sockets of the wrong kind, and one that may become a
 * connection. */
static int some_fds(struct input *in, int *fds)
{
	int n = choice(in) % 16, kind = choice(in), i = free_slot(), pair[2];

	n = n > 12 ? 1 : n > 8 ? 0 : n;
	for (int k = 0; k < n; k++)
		fds[k] = eventfd(0, EFD_CLOEXEC);
	if (n && i >= 0 && kind % 4) {
		FUZZ_CHECK(!socketpair(AF_UNIX, kind % 4 == 3 ? SOCK_STREAM : SOCK_SEQPACKET, 0,
				       pair));
		fds_close(fds, 1);
		slot[i].sock = pair[0];
		fds[0] = pair[1];
		if (kind & 4)
			slot[i].theirs = dup(pair[1]);
	}
	return n;
}

static void client_says(struct input *in, int i)
{
	int fds[FUZZ_FDS], n = some_fds(in, fds);
	struct sd_ctl_msg m;
	size_t len = fuzz_message(in, &m, choice(in) & 31, n);

	if (slot[i].sock >= 0)
		fuzz_send(slot[i].sock, &m, len, fds, n);
	fds_close(fds, n);
}

/* Whatever lies there. Nobody but a connection of its own attaches as somebody new. */
static void read_all(int sock, bool domain)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 64)];
		struct cmsghdr head;
	} control;
	struct sd_ctl_msg m;
	struct iovec iov = {&m, sizeof(m)};

	for (int i = 0; i < 32; i++) {
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = &control,
				     .msg_controllen = sizeof(control)};
		int fds[64], n = 0;

		if (sock < 0 || recvmsg(sock, &msg, MSG_DONTWAIT) <= 0)
			return;
		if (msg.msg_controllen && control.head.cmsg_type == SCM_RIGHTS) {
			n = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(&control.head), n * sizeof(int));
		}
		fds_close(fds, n);
		if (!domain)
			continue;
		owed[asked++ % 8] = m.seq;
		attached += m.type == SD_CTL_ATTACH && !m.u.attach.parent;
	}
}

static void fake_says(struct input *in)
{
	static const uint16_t of[] = {SD_CTL_ATTACH,   SD_CTL_DETACH, SD_CTL_STATS,
				      SD_CTL_SHUTDOWN, SD_CTL_TICKET, SD_CTL_SHARE};
	int fds[FUZZ_FDS], n = choice(in) % 16 == 15 ? 3 : 0;
	uint8_t what = choice(in);
	struct sd_ctl_msg m;
	size_t len;

	for (int k = 0; k < n; k++)
		fds[k] = eventfd(0, EFD_CLOEXEC);
	len = fuzz_message(in, &m, what & 64 ? SD_CTL_REPLY : what & 31, n);
	if (what & 64) {
		m.seq = owed[what & 7];
		m.of = of[(what >> 3 & 7) % 6];
	}
	fuzz_send(domain_end, &m, len, fds, n);
	fds_close(fds, n);
}

static void ready(void)
{
	struct sd_ctl_msg m = {.type = SD_CTL_READY};

	sd_ctl_seal(&m, 0);
	fuzz_send(domain_end, &m, sizeof(m), NULL, 0);
}

static void step(struct input *in)
{
	uint8_t what = choice(in);
	int i = what >> 4 & 7, off = 0;

	switch (what & 15) {
	case 0:
		new_client();
		break;
	case 1:
		hang_up(i);
		break;
	case 2:
		read_all(slot[i].sock, false);
		break;
	case 3:
	case 4:
		read_all(domain_end, true);
		break;
	case 5:
	case 6:
		fake_says(in);
		break;
	case 7:
		if (d.dom.pid)
			domain_kill(&d);
		break;
	case 8:
		now += choice(in) * 100;
		break;
	case 9:
		if (slot[i].theirs >= 0)
			setsockopt(slot[i].theirs, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off));
		break;
	case 10:
		ready();
		break;
	default:
		client_says(in, i);
	}
	if (what & 128)
		loop();
}

/* All ends of all sockets are closed: nothing may be left but what a `kdom down` waits for. */
static void finish(int before)
{
	for (int i = 0; i < SLOTS; i++)
		hang_up(i);
	d.cfg.restart = RESTART_NO;
	d.restart_at = 0;
	for (int i = 0; i < 100 && (d.conns || d.dom.pid); i++) {
		read_all(domain_end, true);
		domain_kill(&d);
		loop();
	}
	FUZZ_CHECK(!d.conns && !d.crowds && !d.dom.pid && !d.peers && !d.shares && !d.dom.out);
	while (d.requests) {
		FUZZ_CHECK(d.requests->type == SD_CTL_DOWN && !d.requests->conn);
		request_drop(&d, d.requests);
	}
	fds_close(&domain_end, 1);
	FUZZ_CHECK(attached <= connected);
	FUZZ_CHECK(fuzz_fds() == before);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int on = 1;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SLOTS; i++)
		slot[i].sock = slot[i].theirs = -1;
	FUZZ_CHECK(!loop_open(&d.loop));
	d.dom.reports = &daemon_reports;
	d.started_pipe = -1;
	d.spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	d.listener.ready = clients_accept;
	d.listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(d.listener.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	FUZZ_CHECK(!bind(d.listener.fd, (struct sockaddr *)&sun, sizeof(sun.sun_family)));
	FUZZ_CHECK(!listen(d.listener.fd, SLOTS) && !loop_watch(&d.loop, &d.listener, EPOLLIN));
	strcpy(d.cfg.name, "fuzz");
	strcpy(d.cfg.peer[0].name, "other");
	d.cfg.npeers = 1;
	d.cfg.machine = &fake;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int before = fuzz_fds();

	asked = connected = attached = 0;
	d.killed = d.down = false;
	d.kill_at = d.backoff_ms = 0;
	d.cfg.restart = choice(&in) % 2 ? RESTART_ALWAYS : RESTART_NO;
	FUZZ_CHECK(!domain_start(&d));
	if (choice(&in) % 8)
		ready();
	loop();
	for (int i = 0; in.left && i < 200; i++)
		step(&in);
	loop();
	finish(before);
	return 0;
}
