# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sd. One program fills it: it gets ENOSPC, the domain and others go on, and what it removes can be used again.
[ ! -e /sd ] || fail "this host has a /sd"
served 200 cp -r "$SRC/specs" /sd/specs
served 100 diff -r "$SRC/specs" /sd/specs
in_domain sh -c 'echo inside >>/sd/specs/README.md; truncate -s 1T /sd/hole'
same "$(in_domain sh -c 'tail -1 /sd/specs/README.md; stat -c %s /sd/hole')" "inside
1099511627776"
full() { in_domain sh -c "$1" 2>&1 | grep -q "No space left on device" || fail "no ENOSPC: $1"; }
full 'dd if=/dev/zero of=/sd/big bs=64k'
size=$(in_domain stat -c %s /sd/big)
[ "$size" -gt $((24 << 20)) ] && [ "$size" -lt $((48 << 20)) ] || fail "of 64 MiB it took $size"
full 'i=0; while echo x >/sd/f$i; do i=$((i+1)); done'
in_domain truncate -s $((size - (8 << 20))) /sd/big # names are filled into what this frees
cat >"$TMP/names.py" <<'END'
import errno, os
def fill(make, remove):
    n = 0
    try:
        while True:
            make(n)
            n += 1
    except OSError as e:
        assert e.errno == errno.ENOSPC, e
    for i in range(n):
        remove(i)
    return n
print(fill(lambda i: os.mkdir(f"/sd/d{i}"), lambda i: os.rmdir(f"/sd/d{i}")) > 1000)
print(fill(lambda i: os.link("/sd/specs/README.md", f"/sd/{i:0200}", follow_symlinks=False), lambda i: os.unlink(f"/sd/{i:0200}")) > 1000)
END
same "$(in_domain "$PY" "$TMP/names.py")" "True
True"
same "$(in_domain diff -rq "$SRC/specs" /sd/specs)" "Files $SRC/specs/README.md and /sd/specs/README.md differ"
in_domain "$PY" -c 'import os; s = os.statvfs("/sd"); assert s.f_bfree < s.f_blocks / 4, s'
in_domain rm -r /sd/specs /sd/big
in_domain "$PY" -c 'import os; s = os.statvfs("/sd"); assert s.f_bfree > s.f_blocks / 4, s'
echo "cp -r, and ENOSPC for who fills it"
