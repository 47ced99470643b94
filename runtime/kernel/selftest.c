// SPDX-License-Identifier: GPL-2.0
/*
 * IMAGE --self-test: calls through the gate (sys_xxx() and exit work), by two tasks, as a serving
 * side would make them: TCP over loopback with a blocking accept and read, data compared; a bad
 * pointer; a poll timeout.
 */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/kthread.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/syscalls.h>
#include <asm/sd.h>

#include "dev.h"

#define TEST_PORT  7
#define TEST_BYTES (256 << 10)
#define CHUNK	   16384

#define CHECK(what, cond)                                                                         \
	do {                                                                                      \
		long __got = (what);                                                              \
                                                                                                  \
		sd_exit_work();                                                                   \
		if (!(__got cond)) {                                                              \
			pr_err("self-test: %s:%d: %s = %ld\n", __FILE__, __LINE__, #what, __got); \
			return -EIO;                                                              \
		}                                                                                 \
	} while (0)

static DECLARE_COMPLETION(peer_done);
static int peer_result;

static struct sockaddr_in test_addr(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(TEST_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static u8 pattern_byte(size_t i)
{
	return i * 31 + (i >> 8);
}

static int send_all(int fd, u8 *buf)
{
	size_t sent, i;

	for (sent = 0; sent < TEST_BYTES; sent += CHUNK) {
		for (i = 0; i < CHUNK; i++)
			buf[i] = pattern_byte(sent + i);
		CHECK(sys_sendto(fd, (void __user *)buf, CHUNK, 0, NULL, 0), == CHUNK);
	}
	return 0;
}

static int client_calls(u8 *buf)
{
	struct sockaddr_in addr = test_addr();
	long fd = sys_socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd, >= 0);
	CHECK(sys_connect(fd, (struct sockaddr __user *)&addr, sizeof(addr)), == 0);
	if (send_all(fd, buf))
		return -EIO;
	CHECK(sys_shutdown(fd, 1), == 0);
	CHECK(sys_recvfrom(fd, (void __user *)buf, 1, 0, NULL, NULL), == 0);
	CHECK(sys_close(fd), == 0);
	return 0;
}

static int client_task(void *buf)
{
	peer_result = client_calls(buf);
	sd_exit_work();
	complete(&peer_done);
	return 0;
}

static int receive_all(int fd, u8 *buf)
{
	size_t got = 0, i;
	long n;

	for (;;) {
		n = sys_recvfrom(fd, (void __user *)buf, CHUNK, 0, NULL, NULL);
		sd_exit_work();
		if (n <= 0)
			break;
		for (i = 0; i < n; i++)
			CHECK(buf[i], == pattern_byte(got + i));
		got += n;
	}
	CHECK(n, == 0);
	CHECK(got, == TEST_BYTES);
	return 0;
}

static int server_calls(u8 *buf, u8 *peer_buf)
{
	struct sockaddr_in addr = test_addr();
	struct pollfd pfd = {.events = POLLIN};
	long fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	long conn;

	CHECK(fd, >= 0);
	CHECK(sys_bind(fd, (struct sockaddr __user *)&addr, sizeof(addr)), == 0);
	CHECK(sys_listen(fd, 5), == 0);
	CHECK(sys_bind(fd, (struct sockaddr __user *)8, sizeof(addr)), == -EFAULT);
	pfd.fd = fd;
	CHECK(sys_poll((struct pollfd __user *)&pfd, 1, 20), == 0);
	CHECK(user_mode_thread(client_task, peer_buf,
			       CLONE_FS | CLONE_FILES | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD),
	      > 0);
	conn = sys_accept4(fd, NULL, NULL, 0);
	CHECK(conn, >= 0);
	if (receive_all(conn, buf))
		return -EIO;
	CHECK(sys_close(conn), == 0);
	wait_for_completion(&peer_done);
	CHECK(sys_close(fd), == 0);
	return peer_result;
}

/* With a network device the test has a peer outside: echo one connection of its to the end. */
static int echo_calls(u8 *buf)
{
	struct sockaddr_in addr = test_addr();
	long fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	long conn, n;

	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	CHECK(fd, >= 0);
	CHECK(sys_bind(fd, (struct sockaddr __user *)&addr, sizeof(addr)), == 0);
	CHECK(sys_listen(fd, 5), == 0);
	pr_err("self-test: echo at port %d\n", TEST_PORT);
	conn = sys_accept4(fd, NULL, NULL, 0);
	CHECK(conn, >= 0);
	while ((n = sys_recvfrom(conn, (void __user *)buf, CHUNK, 0, NULL, NULL)) > 0) {
		sd_exit_work();
		CHECK(sys_sendto(conn, (void __user *)buf, n, 0, NULL, 0), == n);
	}
	CHECK(n, == 0);
	CHECK(sys_shutdown(conn, 1), == 0);
	/* The peer's FIN is here; ours must be sent and acknowledged before the machine halts. */
	schedule_timeout_uninterruptible(HZ / 10);
	CHECK(sys_close(conn), == 0);
	CHECK(sys_close(fd), == 0);
	return 0;
}

int sd_self_test(void)
{
	u8 *buf = kmalloc(2 * CHUNK, GFP_KERNEL);
	int err = buf ? server_calls(buf, buf + CHUNK) : -ENOMEM;

	if (!err && sd_boot->ndevices)
		err = echo_calls(buf);
	kfree(buf);
	return err;
}
