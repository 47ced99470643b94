// SPDX-License-Identifier: GPL-2.0

// A Go program (static, its own system calls): HTTP server and 20 clients at once.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write([]byte(strings.ToUpper(string(body))))
	}))
	text := strings.Repeat("abcdefgh", 20000)
	var wg sync.WaitGroup
	failed := make(chan error, 20)
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r, err := http.Post("http://"+l.Addr().String(), "text/plain", strings.NewReader(text))
			if err != nil {
				failed <- err
				return
			}
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != strings.ToUpper(text) {
				failed <- fmt.Errorf("got %d bytes, %v", len(got), err)
			}
		}()
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		fmt.Println(err)
		os.Exit(1)
	}
}
