# SPDX-License-Identifier: GPL-2.0
# needs: go
# The Go compiler itself, hooked: hundreds of threads and child processes.
d=$(mktemp -d); cd $d; printf 'package main\nfunc main() { println("built") }\n' >m.go
GO111MODULE=off GOCACHE=$d/c HOME=$d GOFLAGS=-p=2 CGO_ENABLED=0 go run m.go 2>&1; echo $?; cd /; chmod -R u+w $d; rm -rf $d
