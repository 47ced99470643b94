# SPDX-License-Identifier: GPL-2.0
# needs: perl
perl -e 'use strict; $|=1; my @r=map{$_*2}1..5; print "@r\n"; my $o=`echo back; exit 3`; print $o, $?>>8, "\n"; my $p=fork; if(!$p){exit 4} waitpid $p,0; print $?>>8,"\n"; $SIG{ALRM}=sub{die "alarm\n"}; eval{alarm 1; sleep 10}; print $@; pipe(my $r,my $w); if(!fork){close $r; print $w "child\n"; exit} close $w; print <$r>; wait; system("kill -9 \$\$"); print $?&127,"\n"; open(my $f,"-|","ls","/etc/passwd"); print <$f>; close $f; exec "sh","-c","exit 8"'; echo $?
