//go:build wasip1

// The guest of TestGoGuest. It prints what it sees, one fact per line.
package main

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	fmt.Println("args", strings.Join(os.Args, ","))
	fmt.Println("env", os.Getenv("COLOUR"), len(os.Environ()))
	b, err := os.ReadFile("/hello.txt")
	fmt.Println("file", string(b), err)
	b, err = os.ReadFile("/data/nested/deep.txt")
	fmt.Println("nested", string(b), err)
	f, err := os.Open("/hello.txt")
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	f.Seek(7, io.SeekStart)
	b, err = io.ReadAll(f)
	fmt.Println("seek", string(b), err)
	f.Close()
	var names []string
	filepath.WalkDir("/data", func(p string, d fs.DirEntry, err error) error {
		names = append(names, p)
		return err
	})
	fmt.Println("walk", strings.Join(names, " "))
	_, err = os.Stat("/missing")
	fmt.Println("missing", errors.Is(err, fs.ErrNotExist))
	fmt.Println("write", os.WriteFile("/new", nil, 0o600) != nil, os.Remove("/hello.txt") != nil, os.Mkdir("/d", 0o700) != nil)
	info, _ := os.Stat("/hello.txt")
	fmt.Println("size", info.Size(), info.Mode().IsRegular())
	start := time.Now()
	time.Sleep(5 * time.Millisecond)
	fmt.Println("slept", time.Since(start) >= 5*time.Millisecond)
	done := make(chan bool)
	go func() { time.Sleep(time.Millisecond); done <- true }()
	fmt.Println("goroutine", <-done)
	fmt.Println("year", time.Now().Year() > 2000)
	var x, y [16]byte
	crand.Read(x[:])
	crand.Read(y[:])
	fmt.Println("random", x != y)
	n, err := os.Stdin.Read(make([]byte, 10))
	fmt.Println("stdin", n, err)
	fmt.Fprintln(os.Stderr, "to stderr")
	os.Exit(7)
}
