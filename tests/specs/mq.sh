# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The queue is made in one run and read in another: it stays in the domain, whose calls are counted; the host's python finds no such queue.
cat >"$TMP/mq.py" <<'END'
import ctypes, os, sys
rt = ctypes.CDLL("librt.so.1", use_errno=True)
rt.mq_receive.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
q = rt.mq_open(b"/kslice", os.O_RDWR | (os.O_CREAT if sys.argv[1] == "send" else 0), 0o600, None)
if q < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
text = b"a message of 34 bytes, with a \0 in"
if sys.argv[1] == "send":
    assert rt.mq_send(q, b"later", 5, 1) == 0 and rt.mq_send(q, text, len(text), 7) == 0
else:
    buf, prio = ctypes.create_string_buffer(8192), ctypes.c_uint()
    assert rt.mq_receive(q, buf, 8192, ctypes.byref(prio)) == 34 and buf.raw[:34] == text and prio.value == 7, buf.raw[:34]
    assert rt.mq_receive(q, buf, 8192, None) == 5 and rt.mq_unlink(b"/kslice") == 0
END
served 3 "$PY" "$TMP/mq.py" send
! "$PY" "$TMP/mq.py" receive 2>/dev/null || fail "the queue is the host's"
served 4 "$PY" "$TMP/mq.py" receive
echo "mq_send, mq_receive by priority"
