// SPDX-License-Identifier: GPL-2.0
/*
 * test_clock.c: the domain's CLOCK_REALTIME follows the host's when that is set, in a real kernel
 * whose host clock is hostclock.c's (clock.sh links them). What the domain's clock says is read off
 * the time stamps of its datagrams.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "calls.h"
#include "domain.h"

#define NSEC	     1000000000ll
#define NEAR	     (NSEC / 1000) /* what the port takes for no step */
#define ROUNDS	     20
#define PATIENCE     60	   /* seconds until a test gives up */
#define DATA	     4096u /* places in the arena */
#define ADDRESS	     4160u
#define STAMP	     4224u
#define SIOCGSTAMPNS 0x8907

static struct dclient client;
static struct sd_qp qp;
static int64_t *ahead;
static int sock;
static char file[] = "/tmp/hostclock.XXXXXX";

static long call(u16 op, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	struct sd_call k;
	long ret = -1;

	sd_call_begin(&qp, &k, op);
	k.arg[0] = a, k.arg[1] = b, k.arg[2] = c;
	k.arg[3] = d, k.arg[4] = e, k.arg[5] = f;
	assert_int_equal(sd_call_wait(&k, &ret), SD_OK);
	sd_call_end(&k);
	return ret;
}

static int64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* The domain's clock: when a datagram to itself arrived. */
static int64_t stamp(void)
{
	struct timespec ts;
	long ret;

	do { /* the first ones come before the domain has begun to stamp */
		assert_int_equal(call(SD_NET_SENDTO, (u64)sock, DATA, 1, 0, ADDRESS,
				      sizeof(struct sockaddr_in)),
				 1);
		assert_int_equal(
			call(SD_NET_RECVFROM, (u64)sock, DATA, 1, 0, SD_OFF_NULL, SD_OFF_NULL), 1);
		ret = call(SD_NET_IOCTL, (u64)sock, SIOCGSTAMPNS, STAMP, 0, 0, 0);
	} while (ret == -ENOENT);
	assert_int_equal(ret, 0);
	memcpy(&ts, qp.mem->arena + STAMP, sizeof(ts));
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Is the domain's clock the host's, as far as that can be told from outside? */
static bool right(void)
{
	int64_t before = now(CLOCK_REALTIME) + *ahead, at = stamp(),
		after = now(CLOCK_REALTIME) + *ahead;

	return at > before - NEAR && at < after + NEAR;
}

static void becomes_right(void)
{
	int64_t end = now(CLOCK_MONOTONIC) + PATIENCE * NSEC;

	while (!right()) {
		if (now(CLOCK_MONOTONIC) > end)
			fail_msg("the domain's clock is %lld ms off",
				 (long long)(stamp() - now(CLOCK_REALTIME) - *ahead) / 1000000);
	}
}

static uint64_t uptime(void)
{
	struct sd_ctl_stats s;

	domain_stats(&dom, &s);
	return s.uptime_ns;
}

static void set_host(int64_t seconds)
{
	__atomic_store_n(ahead, seconds * NSEC, __ATOMIC_RELEASE);
}

static void right_at_boot(void **state)
{
	(void)state;
	assert_true(right());
}

/*
 * A domain that slept is right at its first call, not within a second. It may be kept from sleeping
 * now and then, on a busy machine.
 */
static void follows_when_idle(void **state)
{
	uint64_t up = uptime();
	int at_once = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		set_host(i % 2 ? -5000000 : 1000 * i);
		usleep(20000);
		at_once += right();
		becomes_right();
	}
	assert_true(at_once >= ROUNDS / 2);
	assert_true(uptime() - up < 1000 * NSEC); /* CLOCK_MONOTONIC doesn't jump along */
}

/* Without a pause: it never sleeps for long. */
static void follows_when_busy(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		set_host(-3000 * i);
		becomes_right();
	}
}

/* The host's first hours are time the domain may not have: it must not come before its own boot. */
static void survives_nonsense(void **state)
{
	(void)state;
	set_host(-now(CLOCK_REALTIME) / NSEC);
	for (int i = 0; i < 20; i++) {
		stamp();
		usleep(5000);
	}
	set_host(0);
	becomes_right();
}

static void make_socket(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4711)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sock = (int)call(SD_NET_SOCKET, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
	assert_true(sock >= 0);
	memcpy(qp.mem->arena + ADDRESS, &in, sizeof(in));
	assert_int_equal(call(SD_NET_BIND, (u64)sock, ADDRESS, sizeof(in), 0, 0, 0), 0);
}

static int start(void **state)
{
	int fd = mkstemp(file);

	if (fd < 0 || ftruncate(fd, sizeof(*ahead)))
		return -1;
	ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (ahead == MAP_FAILED)
		return -1;
	set_host(86400); /* so that an image without hostclock.c shows */
	setenv("HOSTCLOCK", file, 1);
	dom_start(state);
	unlink(file);
	if (domain_attach(&dom, &client, 0, 0))
		return -1;
	dclient_qp(&dom, &client, &qp, 0);
	make_socket();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_at_boot),
		cmocka_unit_test(follows_when_idle),
		cmocka_unit_test(follows_when_busy),
		cmocka_unit_test(survives_nonsense),
	};

	return cmocka_run_group_tests(tests, start, dom_stop);
}
