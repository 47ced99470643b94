// SPDX-License-Identifier: GPL-2.0
// streams.c: streams of a sender whose calls are completed early: every byte that was reported as
// sent arrives once and in order, for all sizes, with full buffers, timeouts and two writers. It
// must pass natively, too. See early.c for everything but the data.
#define _GNU_SOURCE
#include "sides.h"
#include <poll.h>

/* ---- streams: every byte depends on its position ---- */
static unsigned char byte_at(uint64_t pos)
{
	return (unsigned char)((pos * 0x9e3779b97f4a7c15ull) >> 56);
}

static void fill(unsigned char *p, uint64_t pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = byte_at(pos + i);
}

static unsigned char block[65536];

/* Reads to the end, slowly if rcvbuf is set; then receives the expected length. */
static void counting_peer(struct side *s)
{
	uint64_t pos = 0, want = 1, wrong = 0;
	ssize_t n;

	if (s->rcvbuf)
		hear(s);
	while ((n = recv(s->fd, block, s->rcvbuf ? 16384 : sizeof(block), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			wrong += block[i] != byte_at(pos + i);
		pos += n;
		if (s->rcvbuf)
			usleep(100);
	}
	CHECK(n == 0 && wrong == 0);
	CHECK(read(s->in, &want, sizeof(want)) == sizeof(want) && pos == want);
}

static void counted(struct side *s, uint64_t pos)
{
	CHECK(shutdown(s->fd, SHUT_WR) == 0);
	CHECK(write(s->out, &pos, sizeof(pos)) == sizeof(pos));
	end(s);
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static volatile unsigned worked;

static void streams(void)
{
	for (int mixed = 0; mixed < 2; mixed++) {
		struct side s = {.type = SOCK_STREAM};
		unsigned seed = 1;
		uint64_t pos = 0;

		begin(&s, counting_peer);
		for (int i = 0; i < (mixed ? 4000 : 200) && !check_failed; i++) {
			size_t len = mixed ? next(&seed) % 4096 + 1 : sizeof(block);

			fill(block, pos, len);
			for (unsigned k = next(&seed) % 5000; k; k--)
				worked += k;
			CHECK(give(s.fd, block, len, 3 * i + i / 2 % 2) == (ssize_t)len);
			memset(block, 0xee, len); /* the buffer is the program's again */
			pos += len;
		}
		counted(&s, pos);
	}
}

/* Sends all of len, waiting for room: 0 if the socket was full and that wait failed. */
static int give_all(int fd, uint64_t *pos, size_t len, int how)
{
	struct pollfd p = {fd, POLLOUT, 0};
	ssize_t n;

	fill(block, *pos, len);
	n = give(fd, block, len, how);
	memset(block, 0xee, len);
	if (n > 0)
		*pos += n;
	else if (n == 0 || errno != EAGAIN)
		return 0;
	else
		return poll(&p, 1, 10000) == 1;
	return 1;
}

static void full_buffers(void)
{
	static const int sndbuf[] = {0, 10000, 100000};

	for (int k = 0; k < 6 && !check_failed; k++) {
		struct side s = {.type = SOCK_STREAM, .rcvbuf = 50000};
		size_t most = k & 1 ? 65536 : 1024, all = sndbuf[k / 2] ? 1 << 20 : 6 << 20;
		unsigned seed = 7;
		uint64_t pos = 0;
		int i = 0;

		begin(&s, counting_peer);
		if (sndbuf[k / 2])
			CHECK(setsockopt(s.fd, SOL_SOCKET, SO_SNDBUF, &sndbuf[k / 2], 4) == 0);
		CHECK(fcntl(s.fd, F_SETFL, O_NONBLOCK) == 0);
		say(&s);
		while (pos < all && give_all(s.fd, &pos, next(&seed) % most + 1, i++))
			;
		CHECK(pos >= all);
		counted(&s, pos);
	}
}

/* A peer that doesn't read: the blocking sender times out, and all data reported as sent are
 * there. */
static void timeouts(void)
{
	for (int k = 0; k < 4 && !check_failed; k++) {
		struct side s = {.type = SOCK_STREAM, .rcvbuf = 50000};
		struct timeval tv = {0, 100000};
		unsigned seed = 3;
		uint64_t pos = 0;
		ssize_t n;

		begin(&s, counting_peer);
		CHECK(setsockopt(s.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
		if (k & 2)
			CHECK(setsockopt(s.fd, SOL_SOCKET, SO_SNDBUF, &(int){100000}, 4) == 0);
		do {
			size_t len = next(&seed) % (k & 1 ? 65536 : 1024) + 1;

			fill(block, pos, len);
			n = give(s.fd, block, len, k & 1); /* write, or send without a flag */
			pos += n > 0 ? n : 0;
		} while (n > 0 && pos < 1 << 28);
		CHECK(n == -1 && errno == EAGAIN);
		do { /* a probe of the closed window, 200 ms after the last data, may make some room
		      */
			fill(block, pos, 1);
			n = send(s.fd, block, 1, 0);
			pos += n > 0 ? n : 0;
		} while (n > 0 && pos < 1 << 28);
		CHECK(n == -1 && errno == EAGAIN);
		tv.tv_sec = 10;
		CHECK(setsockopt(s.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
		say(&s); /* now it reads */
		for (int i = 0; i < 20 && !check_failed; i++) {
			fill(block, pos, 1000);
			CHECK(give(s.fd, block, 1000, k & 1) == 1000);
			pos += 1000;
		}
		counted(&s, pos);
	}
}

/* ---- one nonblocking socket, two writers, one slow reader ---- */
#define EACH (1u << 20)

/* Bytes of the parent have the top bit clear, the child's have it set; the rest counts up. */
static void sorting_peer(struct side *s)
{
	unsigned count[2] = {0, 0}, wrong = 0;
	ssize_t n;

	while ((n = recv(s->fd, block, 16384, 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			wrong += (block[i] & 127) != count[block[i] >> 7]++ % 128;
		usleep(200);
	}
	CHECK(n == 0 && wrong == 0 && count[0] == EACH && count[1] == EACH);
}

static int numbered(int fd, int who)
{
	unsigned pos = 0, seed = who + 1, len;
	struct pollfd p = {fd, POLLOUT, 0};
	ssize_t n;

	for (int how = who; pos < EACH; how++) {
		len = next(&seed) % 3000 + 1;
		if (len > EACH - pos)
			len = EACH - pos;
		for (unsigned i = 0; i < len; i++)
			block[i] = (unsigned char)((who << 7) | (pos + i) % 128);
		n = give(fd, block, len, how);
		if (n > 0)
			pos += n;
		else if (n == 0 || errno != EAGAIN || poll(&p, 1, 10000) != 1)
			return 1;
	}
	return 0;
}

static void two_writers(void)
{
	struct side s = {.type = SOCK_STREAM, .rcvbuf = 50000};
	int status;
	pid_t pid;

	begin(&s, sorting_peer);
	CHECK(setsockopt(s.fd, SOL_SOCKET, SO_SNDBUF, &(int){100000}, 4) == 0);
	CHECK(fcntl(s.fd, F_SETFL, O_NONBLOCK) == 0);
	pid = fork();
	if (!pid)
		_exit(numbered(s.fd, 1));
	CHECK(numbered(s.fd, 0) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	end(&s);
}

static const struct check_case all[] = {
	{"streams", streams},	{"full_buffers", full_buffers},
	{"timeouts", timeouts}, {"two_writers", two_writers},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return run_cases("streams", all, argc, argv);
}
