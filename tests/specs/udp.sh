# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Datagrams over the domain's own loopback: the host's isn't up in this network namespace, and the domain counts the calls.
served 6 "$PY" - <<-'END'
	import fcntl, socket, struct
	a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	lo = struct.pack("16sh14x", b"lo", 1 | 64) # IFF_UP, IFF_RUNNING
	fcntl.ioctl(a, 0x8914, lo) # SIOCSIFFLAGS
	fcntl.ioctl(a, 0x8916, struct.pack("16sH2x4s8x", b"lo", socket.AF_INET, bytes([127, 0, 0, 1]))) # SIOCSIFADDR
	a.bind(("127.0.0.1", 0))
	a.settimeout(5)
	b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	b.sendto(b"datagram", a.getsockname())
	assert a.recvfrom(100)[0] == b"datagram"
	print("a datagram over the loopback interface")
END
