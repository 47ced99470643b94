# SPDX-License-Identifier: GPL-2.0
# What a shell does with files: redirections, here-documents, pipelines, scripts, directories.
cd "$1" || exit 1
echo one >a; echo two >>a; cat <a
{ echo out; echo err >&2; } >both 2>&1; cat both
ls none >x 2>y || echo "status $?"; wc -c <x; sed 's/.*: //' y
sort <<END >sorted
b
c
a
END
cat sorted
printf '%s\n' 3 1 2 | sort | tee s | tail -n 1; cat s
exec 5>five; echo to five >&5; echo more >&5; exec 5>&-; cat five
exec 6<five; read -r l <&6; echo "$l"; (read -r l <&6; echo "sub $l"); exec 6<&-
exec 7<>five; read -r l <&7; echo changed >&7; exec 7>&-; cat five
set -C; echo no >a || echo noclobber; set +C
(cd /; cat "$1/a" | wc -l)
mkdir -p d/e/f; cd d/e/f; pwd | sed "s|$1|@|"; pwd -P | sed "s|$1|@|"; cd ..; /bin/pwd | sed "s|$1|@|"; cd - >/dev/null; cd "$1"
echo in e >d/e/g; cat d/e/f/../g; (cd d/e/f && cat ../g && echo "$OLDPWD" | sed "s|$1|@|")
cat >script <<'END'
#!/bin/bash
echo "script $0 $*" | sed 's|/.*/|@/|'
cat a
END
chmod +x script; ./script x 'y z'; "$1/script"; d/../script; PATH=$1:$PATH; script
cat >py <<'END'
#!/usr/bin/python3
import os, sys
print(os.path.basename(__file__), sys.argv[1:], open("a").read())
os.chdir("d/e")
print(os.path.relpath(os.getcwd(), ".."), sorted(os.listdir(".")), open("g").read())
END
chmod +x py; ./py 1 2
cp /bin/true t; ./t; echo $?; cp /bin/echo e; ./e from a copy; chmod -x e; ./e || echo "status $?"; ./none || echo "status $?"; ./d || echo "status $?"
(exec ./t); (exec -a other ./script)
printf 'garbage' >g; chmod +x g; ./g 2>/dev/null; echo $?
for i in 1 2 3 4 5; do echo $i >n$i & done; wait; cat n?
# shellcheck disable=SC2238 # a file
cat <(echo substituted) <(cat a) >ps; cat ps
cat /dev/stdin <a; cat /proc/self/fd/0 <a; cat - <a >c; cmp a c && echo same
tail -c 4 <a; head -n 1 <a
find . -name 'n?' | sort | xargs cat | tr -d '\n'; echo
find d -depth -print | sort; find . -type f -size -2 -name five
ls -1 d; ls -la d | awk 'NF > 2 {print $1, $3, $4, $NF}'; stat -c '%F %a %s %h' a; stat -c '%F %a %h' d
ln -s a sl; ln a hl; readlink sl; ls -l sl | sed 's/.* sl/sl/'; readlink -f sl | sed "s|$1|@|"; stat -c %h a; [ a -ef hl ] && echo same file
test -r a -a -w a -a ! -x a -a -d d -a -L sl && echo tests
mv a "$1/d/"; ls d; mv d/a .; mv d dd; ls; cp -r dd d3; diff -r dd d3 && echo equal
cp a /dev/shm/kdom-$$ && mv /dev/shm/kdom-$$ b && cat b && mv b /dev/shm/kdom-$$ && cat /dev/shm/kdom-$$; rm /dev/shm/kdom-$$
rm -r d3 && rm -rf dd; rmdir none 2>&1 | sed 's/.*: //'; ls
dd if=/dev/zero of=z bs=1000 count=100 2>/dev/null; stat -c %s z; truncate -s 5 z; od -An -tx1 z; : >z; [ -s z ] || echo empty
touch -d '2001-02-03 04:05:06 UTC' z; stat -c %Y z; chmod 4755 z; stat -c %a z
umask 077; : >um; stat -c %a um; umask 002; mkdir um2; stat -c %a um2
flock lock -c 'flock -n lock -c "echo got it" || echo locked'
tar cf tar.tar a s um; mkdir tx; tar xf tar.tar -C tx; ls tx; gzip -k s; zcat s.gz
realpath --relative-to=/ a | sed "s|${1#/}|@|"
cd ../..//; cd /tmp; cat "$1/s" | head -n 1; cd "$1"; cd ../../../../../..; pwd
(cd "$1"; mkdir gone; cd gone; rmdir ../gone; ls; touch x 2>&1 | sed 's/.*: //')
(cd "$1" && exec cat s)
cd "$1" && echo "$(<s)" && wc -l s
