# SPDX-License-Identifier: GPL-2.0
# needs: git
d=$(mktemp -d); cd $d; export GIT_AUTHOR_DATE='2020-01-01 00:00 +0000' GIT_COMMITTER_DATE='2020-01-01 00:00 +0000' HOME=$d GIT_CONFIG_NOSYSTEM=1
git init -q -b main .; git config user.email a@b; git config user.name n
seq 100 >f; git add f; git commit -qm one; git rev-parse HEAD; echo x >>f; git diff --stat | cat; git commit -qam two; git log --oneline | cat
git clone -q . c2; (cd c2; git log -1 --format=%H); git gc -q; git fsck 2>/dev/null; echo $?; git checkout -q nope 2>/dev/null; echo $?
git grep -c 1 | cat; cd /; rm -rf $d
