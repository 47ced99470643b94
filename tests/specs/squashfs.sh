# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sd. What is in it was made by tests/common/mkfs.sh.
[ ! -e /sd ] || fail "this host has a /sd"
served 4 ls -la /sd >"$TMP/out"
same "$(awk '{ print $9 }' "$TMP/out" | sort | xargs)" ". .. dir empty file link"
same "$(in_domain sha256sum /sd/link | cut -d' ' -f1)" "$(awk 'BEGIN { for (i = 0; i < 2500; i++) printf "%03d\n", i % 1000 }' | sha256sum | cut -d' ' -f1)"
same "$(in_domain sh -c 'echo x 2>/dev/null >/sd/new || echo refused')" refused
echo "ls, sha256sum, read-only"
