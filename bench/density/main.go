// Command density loads many small modules into one stackhost process and tells how much memory they take and how quickly any
// of them answers.
//
//	cd bench && go run ./density -modules 1000
//
// Every module is a different binary (a custom section with its number is added), so nothing is shared that real modules would
// not share.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func main() {
	modules := flag.Int("modules", 1000, "how many modules")
	guest := flag.String("guest", "../docs/examples/hello.wasm", "the module to multiply")
	requests := flag.Int("requests", 5000, "requests to random modules")
	flag.Parse()
	if err := run(*modules, *guest, *requests); err != nil {
		log.Fatal(err)
	}
}

func run(modules int, guest string, requests int) error {
	dir, err := os.MkdirTemp("", "stackhost-density-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := makeApp(dir, modules, guest); err != nil {
		return err
	}
	binary := filepath.Join(dir, "stackhost")
	build := exec.Command("go", "build", "-o", binary, "./cmd/stackhost")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %v\n%s", err, out)
	}
	for _, start := range []string{"cold", "warm"} { // the second start finds compiled code in its cache
		if err := measure(start, binary, dir, modules, requests); err != nil {
			return err
		}
	}
	return nil
}

func makeApp(dir string, modules int, guest string) error {
	wasm, err := os.ReadFile(guest)
	if err != nil {
		return err
	}
	var manifest bytes.Buffer
	manifest.WriteString("name = \"density\"\n")
	for i := range modules {
		name := fmt.Sprintf("m%d", i)
		mark := append([]byte{byte(len("n"))}, "n"+name...)
		section := append([]byte{0, byte(len(mark))}, mark...)
		if err := os.WriteFile(filepath.Join(dir, name+".wasm"), slices.Concat(wasm, section), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&manifest, "\n[modules.%s]\npath = \"%s.wasm\"\n\n[[routes]]\npath = \"GET /%s\"\nmodule = %q\n", name, name, name, name)
	}
	return os.WriteFile(filepath.Join(dir, "stackhost.toml"), manifest.Bytes(), 0o644)
}

func measure(start, binary, dir string, modules, requests int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	listener.Close()
	began := time.Now()
	cmd := exec.Command(binary, "serve", dir, "--listen", address, "--data", filepath.Join(dir, "data"), "--log-level", "error")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = get(address, 0); err == nil {
			break
		}
		if time.Now().After(end) {
			return err
		}
	}
	ready := time.Since(began)
	idle := resident(cmd.Process.Pid)
	var first, all []time.Duration
	for i := range modules {
		t := time.Now()
		if err := get(address, i); err != nil {
			return err
		}
		first = append(first, time.Since(t))
	}
	for range requests {
		t := time.Now()
		if err := get(address, rand.IntN(modules)); err != nil {
			return err
		}
		all = append(all, time.Since(t))
	}
	fmt.Printf("%s start, %d modules: answering after %v; resident %d MiB before the first request, %d MiB after each module answered\n",
		start, modules, ready.Round(time.Millisecond), idle>>20, resident(cmd.Process.Pid)>>20)
	fmt.Printf("  first request to a module: p50 %v, p99 %v, max %v\n", at(first, 0.5), at(first, 0.99), at(first, 1))
	fmt.Printf("  any request:               p50 %v, p99 %v, max %v\n", at(all, 0.5), at(all, 0.99), at(all, 1))
	return nil
}

func get(address string, module int) error {
	res, err := http.Get(fmt.Sprintf("http://%s/m%d", address, module))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != 200 {
		err = fmt.Errorf("module %d: status %d: %.300s", module, res.StatusCode, body)
	}
	return err
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

func resident(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := rss.FindSubmatch(status)
	if found == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return n << 10
}

func at(d []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return s[min(len(s)-1, int(q*float64(len(s))))].Round(10 * time.Microsecond)
}
