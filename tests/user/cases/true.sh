# SPDX-License-Identifier: GPL-2.0
# needs: true false
true; echo $?
false; echo $?
/bin/echo a "b c"
exec true
