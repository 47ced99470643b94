# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sd. One process watches what others do there: a change that the watcher's domain didn't see would never end its wait.
[ ! -e /sd ] || fail "this host has a /sd"
in_domain sh -c 'echo one >/sd/log'
cat >"$TMP/watch.py" <<'END'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
assert libc.inotify_add_watch(fd, b"/sd", 0x100 | 0x8) == 1 # IN_CREATE, IN_CLOSE_WRITE
print("watching", flush=True)
seen = []
while len(seen) < 3:
    data = os.read(fd, 4096)
    while data:
        wd, mask, cookie, n = struct.unpack_from("iIII", data)
        seen.append((mask, data[16:16 + n].rstrip(b"\0").decode()))
        data = data[16 + n:]
print(*seen)
END
mkfifo "$TMP/ready"
in_domain "$PY" "$TMP/watch.py" >"$TMP/ready" &
exec 8<"$TMP/ready"
read -r line <&8
same "$line" watching
in_domain sh -c 'echo two >>/sd/log'
in_domain sh -c 'echo three >/sd/new'
read -r line <&8
same "$line" "(8, 'log') (256, 'new') (8, 'new')"
wait
echo "a watch across processes"
