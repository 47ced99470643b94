# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Made in one run, found by its key in the next: it stays in the domain, whose calls are counted; the host has no queue of that key.
cat >"$TMP/send.pl" <<'END'
use IPC::SysV qw(IPC_CREAT S_IRUSR S_IWUSR);
$q = msgget(4711, IPC_CREAT | S_IRUSR | S_IWUSR) // die "msgget: $!";
msgsnd($q, pack("l! a34", 5, "a message of 34 bytes, with \0 in it"), 0) or die "msgsnd: $!";
$s = semget(4711, 2, IPC_CREAT | S_IRUSR | S_IWUSR) // die "semget: $!";
semop($s, pack("s!3", 1, 3, 0)) or die "semop: $!";
END
cat >"$TMP/receive.pl" <<'END'
$q = msgget(4711, 0) // die "msgget: $!";
msgrcv($q, $m, 100, 0, 0) or die "msgrcv: $!";
($type, $text) = unpack("l! a*", $m);
$type == 5 && $text eq "a message of 34 bytes, with \0 in i" or die "type $type: $text";
$s = semget(4711, 0, 0) // die "semget: $!";
semop($s, pack("s!3", 1, -3, 0)) or die "semop: $!";
msgctl($q, 0, 0) && semctl($s, 0, 0, 0) or die "IPC_RMID: $!";
END
served 4 perl "$TMP/send.pl"
! perl "$TMP/receive.pl" 2>/dev/null || fail "the queue is the host's"
served 6 perl "$TMP/receive.pl"
echo "perl: msgsnd, msgrcv, semop"
