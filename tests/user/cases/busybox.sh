# SPDX-License-Identifier: GPL-2.0
# needs: busybox
busybox sh -c 'echo start; busybox seq 5 | busybox sort -r | while read x; do echo -n $x; done; echo; busybox ls / | busybox wc -l; busybox sleep 1 & busybox kill $!; wait $!; echo $?; trap "echo t" USR2; busybox kill -USR2 $$; exit 6'
echo $?; busybox sha1sum /etc/passwd; busybox nosuch 2>/dev/null; echo $?
busybox vi --nosuch >/dev/null 2>&1; echo $?; busybox tar cf - -C /etc apt 2>/dev/null | busybox tar tf - | sort | sha1sum
