// SPDX-License-Identifier: GPL-2.0
// Goroutines, signals, child processes and TCP: what the Go runtime asks of a hook.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	fmt.Println(os.Args[1:], runtime.GOOS)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			time.Sleep(time.Millisecond)
			s := 0
			for j := 0; j < 100000; j++ {
				s += j % (i + 1)
			}
			mu.Lock()
			sum += s
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	fmt.Println("sum", sum)
	out, err := exec.Command("sh", "-c", "echo child; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	_, err = exec.Command("/nonexistent").Output()
	fmt.Println(err)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		for {
			s, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(s, s); s.Close() }()
		}
	}()
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				fmt.Println(err)
				return
			}
			b := make([]byte, 100000)
			go s.Write(b)
			if _, err = io.ReadFull(s, b); err != nil {
				fmt.Println(err)
			}
			s.Close()
		}()
	}
	wg.Wait()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *int
		*p = 1
	}()
	runtime.GC()
	exe, _ := os.Executable()
	fmt.Println(len(exe) > 0 && exe[len(exe)-3:] != "nch")
	for t := time.Now(); time.Since(t) < 50*time.Millisecond; { // preempted by signals
	}
	os.Exit(4)
}
