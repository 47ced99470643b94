# SPDX-License-Identifier: GPL-2.0
# needs: gcc make
d=$(mktemp -d); cd $d
printf '#include <stdio.h>\nint main(){printf("compiled\\n");return 3;}\n' >m.c; printf 'all: m n\nm: m.c\n\tgcc -O1 -o m m.c\nn: m.c\n\tgcc -static -pipe -o n m.c\n' >Makefile
make -j2 -s; ./m; echo $?; ./n; echo $?; gcc bad.c 2>/dev/null; echo $?; cd /; rm -r $d
