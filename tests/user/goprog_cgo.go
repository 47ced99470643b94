// SPDX-License-Identifier: GPL-2.0
//go:build cgo

package main

// #include <unistd.h>
// static int parent(void) { return getppid() > 0; }
import "C"
import "fmt"

func init() { fmt.Println("cgo", C.parent()) }
