# SPDX-License-Identifier: GPL-2.0
# needs: bash dash python3 awk
d=$(mktemp -d); cd $d
printf '#!/bin/sh\necho sh $0 "$@"\ncat /proc/$$/comm\n' >a; printf '#! %s/a  one two\nx\n' $d >b; printf 'echo plain $1\n' >c; printf '#!/usr/bin/env python3\nimport sys; print(sys.argv[1:])\n' >p
chmod +x a b c p
./a x y | sed "s#$d#D#g"; ./b 3 4 | sed "s#$d#D#g"; ./c 5; ./p 6 7
printf '#!/no/such\n' >n; chmod +x n; ./n 2>/dev/null; echo $?
printf '#!\n' >e; chmod +x e; ./e; echo $?
cp a noexec; chmod -x noexec; ./noexec 2>/dev/null; echo $?
printf '#!%s/loop\n' $d >loop; chmod +x loop; ./loop 2>/dev/null; echo $?
awk 'BEGIN { "echo cmd" | getline x; print x; print 1 | "cat"; close("cat"); exit 5 }'; echo $?
env -i /usr/bin/env; env -i A=b /bin/sh -c 'echo $A'
cd /; rm -r $d
