# SPDX-License-Identifier: GPL-2.0
# needs: ls stat find
ls -l /etc/passwd /usr/bin/env; ls /nonexistent; echo $?
stat -c '%s %n' /etc/hostname
find /etc/apt -type d | sort
