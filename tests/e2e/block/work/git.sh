# SPDX-License-Identifier: GPL-2.0
# git from init to fsck; who and when are fixed, so every hash must be the same.
set -e
export HOME=/sd/home GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b.c
export GIT_AUTHOR_DATE="1700000000 +0000" GIT_COMMITTER_DATE="1700000000 +0000"
mkdir home
git config --global init.defaultBranch main
git config --global gc.auto 0
git config --global pack.threads 1
git init -q repo
cd repo
cp -r "$TREE"/fs/ext2 "$TREE"/fs/jbd2 "$TREE"/fs/ramfs .
git add .
git commit -q -m "first"
git status --short
git rev-parse HEAD 'HEAD^{tree}'
sed -i 's/inode/INODE/g' ext2/inode.c
rm ramfs/Makefile
git mv jbd2/journal.c jbd2/moved.c
git status --short
git diff --stat
git commit -q -a -m "second"
git checkout -q -b side HEAD~1
echo text >new
git add new
git commit -q -m "on the side"
git checkout -q main
git merge -q -m "merged" side
git log --format='%H %T %s'
git fsck --full --strict 2>&1
git gc -q
git fsck --full 2>&1
git count-objects -v | grep -v size
git clone -q . ../clone
cd ../clone
git log --oneline | wc -l
git ls-files -s | sha256sum
git grep -c INODE -- ext2/inode.c
git stash list
git tag -a -m "a tag" v1
git describe
git archive HEAD | sha256sum
git blame ext2/balloc.c | awk '{ print $1 }' | sort | uniq -c
