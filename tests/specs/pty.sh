# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sdpts, where master and terminal are opened. A line is edited and echoed by the terminal's line discipline.
[ ! -e /sdpts ] || fail "this host has a /sdpts"
served 10 "$PY" - <<-'END'
	import fcntl, os, struct, termios, tty
	master = os.open("/sdpts/ptmx", os.O_RDWR | os.O_NOCTTY)
	fcntl.ioctl(master, 0x40045431, struct.pack("i", 0)) # TIOCSPTLCK
	number = struct.unpack("I", fcntl.ioctl(master, 0x80045430, b"    "))[0] # TIOCGPTN
	slave = os.open(f"/sdpts/{number}", os.O_RDWR | os.O_NOCTTY)
	assert os.isatty(slave)
	fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", 50, 132, 0, 0))
	assert os.get_terminal_size(slave) == (132, 50)
	os.write(master, b"typo\x7f\x7fed\n")
	assert os.read(slave, 100) == b"tyed\n"
	assert os.read(master, 100).startswith(b"typo\b \b\b \bed\r\n")
	tty.setraw(slave)
	os.write(master, b"raw\x7f")
	assert os.read(slave, 100) == b"raw\x7f"
	os.close(slave)
	try:
	    os.read(master, 1)
	    raise SystemExit("no EIO")
	except OSError as e:
	    assert e.errno == 5, e
END
echo "line editing, window size, raw, hang-up"
