# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2093,SC1083 # an exec that only closes
# needs: bash
set -o pipefail
seq 1 1000 | sort -rn | head -2 | tail -1
(cd /; pwd); echo "${BASHPID:+ok}"
trap 'echo usr1' USR1; kill -USR1 $$; sleep 0
trap 'echo chld' CHLD; sleep 0.01 & wait $!; trap - CHLD
for i in 1 2 3 4 5 6 7 8; do (exit $i); echo -n "$? "; done; echo
coproc cat; echo through >&${COPROC[1]}; read -r l <&${COPROC[0]}; echo $l; exec {COPROC[1]}>&-; wait
diff <(echo a) <(echo b); echo $?
timeout 0.1 sleep 5; echo $?
sleep 5 & p=$!; kill $p; wait $p; echo $?
bash -c 'kill -SEGV $$'; echo $?
bash -c 'kill -KILL $$'; echo $?
bash -c 'ulimit -c 0; kill -SYS $$'; echo $?
exec 3</etc/hostname; read -r h <&3; [ -n "$h" ] && echo read
( trap 'echo exit trap' EXIT; exit 4 ); echo $?
/nonexistent; echo $?; /etc; echo $?
cat /proc/self/cmdline | tr '\0' ' '; echo; cat /proc/self/comm; readlink /proc/self/exe
exec bash -c 'echo $0 $@; exit 9' zero one two
