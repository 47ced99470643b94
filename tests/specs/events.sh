# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The descriptors are made and used by an unmodified python: the host serves none of these calls, since the domain counts them.
served 8 "$PY" - <<-'END'
	import ctypes, os, select, signal, struct, sys
	libc = ctypes.CDLL(None, use_errno=True)
	ev = libc.eventfd(3, 0o4000)
	assert ev > 2, ev
	os.write(ev, struct.pack("Q", 4))
	assert os.read(ev, 8) == struct.pack("Q", 7)
	timer = libc.timerfd_create(1, 0o4000)
	libc.timerfd_settime(timer, 0, struct.pack("4q", 0, 0, 0, 20000000), None)
	watch = select.epoll()
	watch.register(timer, select.EPOLLIN)
	watch.register(ev, select.EPOLLIN)
	assert [fd for fd, _ in watch.poll(5)] == [timer]
	assert os.read(timer, 8) == struct.pack("Q", 1)
	signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
	sig = libc.signalfd(-1, struct.pack("Q120x", 1 << signal.SIGUSR1 - 1), 0)
	assert sig > 2, sig
	print("eventfd, timerfd, epoll, signalfd")
END
