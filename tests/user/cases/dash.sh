# SPDX-License-Identifier: GPL-2.0
# needs: dash
dash -c 'echo hi; (echo sub; exit 3); echo $?; ls / | sort | head -3; x=$(echo in | tr a-z A-Z); echo $x; trap "echo trapped" TERM; kill -TERM $$; echo after; cat <<X
here $x
X
nosuchcmd; echo $?; /etc/passwd; echo $?; exit 7'
echo $?
