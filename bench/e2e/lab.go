package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lab builds, starts and stops the servers. Not safe for concurrent use.
type lab struct {
	ctx        context.Context
	dir, bench string
	started    []*exec.Cmd
	shared     map[string]string // addresses of stackhost processes, by app
}

func (l *lab) build() error {
	for _, b := range []struct{ dir, output, pkg string }{
		{filepath.Dir(l.bench), "stackhost", "./cmd/stackhost"},
		{l.bench, "fasthttp", "./peers/fasthttp"},
		{l.bench, "extism", "./peers/extism"},
	} {
		cmd := exec.CommandContext(l.ctx, "go", "build", "-o", filepath.Join(l.dir, b.output), b.pkg)
		cmd.Dir = b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %v\n%s", b.pkg, err, out)
		}
	}
	return nil
}

// start starts v and waits until it answers.
func (l *lab) start(v *variant) error {
	if address := l.shared[v.shared]; address != "" {
		v.address = address
		return l.ready(v)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	v.address = listener.Addr().String()
	listener.Close()
	commands, err := v.start(l, v.address)
	if err != nil {
		return err
	}
	for _, cmd := range commands {
		out, err := os.Create(filepath.Join(l.dir, v.name+".log"))
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			return err
		}
		l.started = append(l.started, cmd)
	}
	if v.shared != "" {
		l.shared[v.shared] = v.address
	}
	return l.ready(v)
}

func (l *lab) ready(v *variant) error {
	var last error
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		res, err := http.Get("http://" + v.address + v.path)
		if last = err; err != nil {
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode == 200 && strings.HasPrefix(string(body), "Hello from ") {
			return nil
		}
		last = fmt.Errorf("status %d: %.200s", res.StatusCode, body)
		if v.shared != "" {
			break // stackhost is up: this route will not get better
		}
	}
	return last
}

// close stops what start started, and only that.
func (l *lab) close() {
	for i := len(l.started) - 1; i >= 0; i-- {
		syscall.Kill(-l.started[i].Process.Pid, syscall.SIGTERM)
	}
	for _, cmd := range l.started {
		done := make(chan struct{})
		go func() { cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-done
		}
	}
}

type measurement struct {
	perSecond, p50, p99 float64 // p50, p99 in ms
	errors              int
}

var (
	rate    = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	latency = regexp.MustCompile(`(?m)^\s+(50|99)%\s+([\d.]+)(us|ms|s)\s*$`)
	failed  = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)|Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

func (l *lab) load(v *variant, o options) (m measurement, err error) {
	out, err := exec.CommandContext(l.ctx, "wrk", "-t1", fmt.Sprintf("-c%d", o.connections), fmt.Sprintf("-d%ds", o.seconds), "--latency",
		"http://"+v.address+v.path).CombinedOutput()
	if err != nil {
		return m, fmt.Errorf("wrk: %v: %s", err, out)
	}
	text := string(out)
	if found := rate.FindStringSubmatch(text); found != nil {
		m.perSecond, _ = strconv.ParseFloat(found[1], 64)
	}
	for _, found := range latency.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(found[2], 64)
		n *= map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[found[3]]
		if found[1] == "50" {
			m.p50 = n
		} else {
			m.p99 = n
		}
	}
	for _, found := range failed.FindAllStringSubmatch(text, -1) {
		for _, n := range found[1:] {
			count, _ := strconv.Atoi(n)
			m.errors += count
		}
	}
	return m, nil
}
