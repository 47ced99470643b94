# SPDX-License-Identifier: GPL-2.0
# needs: tar gzip
d=$(mktemp -d); cd $d
tar cf a.tar -C /usr/include linux 2>/dev/null; tar tf a.tar | wc -l; mkdir x; tar xf a.tar -C x; (cd x; find . -type f | sort | xargs cat | sha256sum)
tar czf b.tgz x; tar xzOf b.tgz | wc -c; tar xf /etc/passwd 2>/dev/null; echo $?; cd /; rm -r $d
