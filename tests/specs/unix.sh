# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# A stream by an abstract name, which the host doesn't list, and a pair; the domain counts the calls.
served 10 "$PY" - <<-'END'
	import socket
	s = socket.socket(socket.AF_UNIX)
	s.bind("\0kslice-test")
	s.listen()
	assert "kslice-test" not in open("/proc/net/unix").read()
	c = socket.socket(socket.AF_UNIX)
	c.connect("\0kslice-test")
	peer, _ = s.accept()
	c.sendall(b"stream")
	assert peer.recv(100) == b"stream"
	x, y = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
	x.send(b"pair")
	assert y.recv(100) == b"pair"
	print("an abstract name, a pair")
END
