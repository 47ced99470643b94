# SPDX-License-Identifier: GPL-2.0
# Programs, scripts and shared libraries that lie on the disk; open files and the current directory over fork and exec.
set -e
mkdir bin lib home
cp /bin/ls /bin/cat /usr/bin/env bin
bin/ls
PATH=/sd/bin:$PATH ls -1 bin
printf '#!/sd/bin/env bash\necho "script $0 $*"; pwd\n' >script
chmod 755 script
./script a b
/sd/script c
chmod 644 script
./script 2>&1 || echo "status $?"
for l in libselinux.so.1 libpcre2-8.so.0; do cp -L "$(ldconfig -p | awk -v l=$l '$1 == l { print $NF; exit }')" lib/; done
LD_LIBRARY_PATH=/sd/lib bin/ls -d lib
LD_LIBRARY_PATH=/sd/lib bash -c 'ls lib; grep -c pcre /proc/self/maps' | head -2
cat >prog.c <<END
#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
int main(int argc, char **argv)
{
	char cwd[100], buf[10] = "";
	printf("%s in %s\n", argv[0], getcwd(cwd, sizeof(cwd)));
	if (argc > 1)
		printf("inherited: %zd %s\n", read(7, buf, 5), buf);
	return argc;
}
END
gcc -O1 -o prog prog.c
./prog || echo "status $?"
echo 12345678901234567890 >data
bash -c 'exec 7<data; read -r -n 5 x <&7; echo "$x"; exec ./prog x' || echo "status $?"
(cd lib && ../prog || cd ..; pwd)
find . -name '*.c' -exec bin/cat {} \; -exec pwd \; | tail -1
find lib -type f -execdir pwd \; | sort -u
xargs -n 1 echo <data
(sleep 0.1; echo late) >>data & wait; cat data
HOME=/sd/home bash -lc 'cd; pwd; echo text >~/note; cat note'
/usr/bin/python3 -c 'import subprocess, os; os.chdir("/sd/home"); print(subprocess.check_output(["cat", "note"]), subprocess.run("pwd", capture_output=True).stdout)'
rm prog bin/* lib/*
