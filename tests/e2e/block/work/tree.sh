# SPDX-License-Identifier: GPL-2.0
# What lies below /sd, comparable: no times, no inode numbers, no sizes of directories. git keeps inode numbers in its index.
cd /sd || exit 1
find . -mindepth 1 ! -path '*/.git/*' \( -type d -printf '%P %y %m %u %g\n' -o -printf '%P %y %m %n %s %u %g %l\n' \) | sort || exit 1
find . -type f ! -path '*/.git/*' -print0 | sort -z | xargs -0 -r sha256sum
