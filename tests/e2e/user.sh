#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kdom without root: no TAP, a clear error where one is wanted, and `kdom run` that starts the domain
# and takes it down again.
. "$(dirname "$0")/lib.sh"
UIDNO=12345
mkdir -p "$TMP/b/bin" "$TMP/b/lib" "$TMP/b/$DOMAIN" "$TMP/progs"
cp "$BUILD/bin/kdom" "$TMP/b/bin/"
cp "$BUILD/lib/kdom-launch" "$TMP/b/lib/"
cp "$BUILD/$DOMAIN/$DOMAIN.image" "$BUILD/$DOMAIN/manifest.json" "$TMP/b/$DOMAIN/"
cp "$PROGS"/*.py "$TMP/progs/"
mkdir -m 700 "$TMP/user"
chown $UIDNO "$TMP/user"
chmod -R a+rX "$TMP/b" "$TMP/progs"
chmod 755 "$TMP"
as_user() { (cd "$TMP/progs" && exec setpriv --reuid $UIDNO --regid $UIDNO --clear-groups env KDOM_DIR="$TMP/user" HOME=/ "$@"); }
kdom() { as_user timeout -k 5 100 "$TMP/b/bin/kdom" "$@"; }

kdom run "$DOMAIN" -- true 2>"$TMP/err"; same $? 125
grep -q -- '--no-tap' "$TMP/err" || fail "no cure in: $(cat "$TMP/err")"

kdom run --no-tap "$DOMAIN" -- "$PY" threads_echo.py || fail "threads_echo as a user"
same "$(kdom ps | wc -l)" 1
kdom run --no-tap "$DOMAIN" -- sh -c 'exit 5'; same $? 5

kdom up --no-tap "$DOMAIN" || fail "kdom up as a user"
pid=$(kdom ps | awk -v d="$DOMAIN" '$1 == d { print $3 }')
grep -q "^Uid:[[:space:]]*${UIDNO}[[:space:]]*$UIDNO" "/proc/$pid/status" || fail "the domain is somebody else"
kdom run "$DOMAIN" -- "$PY" asyncio_echo.py || fail "asyncio_echo as a user"
kdom run "$DOMAIN" -- "$PY" fork_exec.py || fail "fork_exec as a user"
# Its socket is nobody else's.
setpriv --reuid 23456 --regid 23456 --clear-groups env KDOM_DIR="$TMP/user" "$TMP/b/bin/kdom" ps 2>"$TMP/err"
same $? 1
# Until its owner opens it: they are themselves there, and can't end it.
other() { (cd "$TMP/progs" && exec setpriv --reuid 23456 --regid 23456 --clear-groups env KDOM_DIR="$TMP/other" HOME=/ timeout -k 5 100 "$TMP/b/bin/kdom" "$@"); }
theirs=$DOMAIN=$TMP/user/$DOMAIN.sock
mkdir -m 700 "$TMP/other"
chown 23456 "$TMP/other"
other run "$theirs" -- true 2>"$TMP/err"; same $? 125
grep -q "$DOMAIN.sock: Permission denied" "$TMP/err" || fail "no place in: $(cat "$TMP/err")"
other run "$DOMAIN=x.sock" -- true 2>"$TMP/err"; same $? 125
chmod 711 "$TMP/user"
chmod 666 "$TMP/user/$DOMAIN.sock"
calls() { kdom ps | awk -v d="$DOMAIN" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $1 == d { print $at["CALLS"] }'; }
before=$(calls)
other run "$theirs" -- "$PY" asyncio_echo.py || fail "asyncio_echo on another user's domain"
[ "$(calls)" -gt "$before" ] || fail "it ran somewhere else"
same "$(other ps | wc -l)" 1
same "$(kdom ps | awk -v d="$DOMAIN" '$1 == d { print $3 }')" "$pid"
kdom down "$DOMAIN" || fail "kdom down as a user"
grep -hE 'BUG|WARNING|Oops|Call Trace' "$TMP/user"/*.log* && fail "see the console above"
exit 0
