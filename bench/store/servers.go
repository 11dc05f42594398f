package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stackhost/stackhost/bench/lab"
	"github.com/stackhost/stackhost/bench/store/load"
)

// server is a running store of one or more processes.
type server struct {
	name    string
	job     load.Job // with kind, address and token of its leader
	command []string // that does a job, which is appended
	version string
	stop    func()
}

// starter starts a store of n processes on loopback.
type starter struct {
	name  string
	most  int // processes it can have
	start func(ctx context.Context, b *bench, n int) ([]server, error)
}

var starters = []starter{
	{"stackhost", 7, startStackhost},
	{"etcd", 7, startEtcd},
	{"rqlite", 7, startRqlite},
	{"redis", 1, startRedis},
}

func startStackhost(ctx context.Context, b *bench, n int) ([]server, error) {
	l, err := lab.New(n, false)
	if err != nil {
		return nil, err
	}
	if err := l.Start(ctx); err != nil {
		l.Close()
		return nil, err
	}
	leader, err := l.Leader(ctx)
	if err != nil {
		l.Close()
		return nil, err
	}
	job := load.Job{Kind: "stackhost", Address: strings.TrimPrefix(leader.Admin, "http://"), Token: leader.Token}
	return []server{{name: "stackhost", job: job, command: []string{b.self, "load"}, stop: l.Close}}, nil
}

func startEtcd(ctx context.Context, b *bench, n int) ([]server, error) {
	binary := filepath.Join(b.dir, "etcd")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = "store/etcd"
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %v\n%s", err, out)
	}
	ports, err := freePorts(2 * n)
	if err != nil {
		return nil, err
	}
	var cluster []string
	for i := range n {
		cluster = append(cluster, fmt.Sprintf("n%d=http://127.0.0.1:%d", i, ports[n+i]))
	}
	var g group
	for i := range n {
		client, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[i]), fmt.Sprintf("http://127.0.0.1:%d", ports[n+i])
		data := filepath.Join(b.dir, fmt.Sprintf("etcd-%d-%d", n, i))
		if err := g.run(b, fmt.Sprintf("etcd-%d-%d", n, i), binary, "--name", fmt.Sprintf("n%d", i), "--data-dir", data, "--log-level", "error",
			"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
			"--initial-cluster", strings.Join(cluster, ",")); err != nil {
			return nil, err
		}
	}
	version := ""
	address, err := g.find(ctx, ports[:n], func(address string) bool {
		var s struct {
			Leader, Version string
			Header          struct {
				Member string `json:"member_id"`
			}
		}
		ok := ask("POST", "http://"+address+"/v3/maintenance/status", "{}", &s) && s.Leader != "" && s.Leader == s.Header.Member
		version = s.Version
		return ok
	})
	if err != nil {
		return nil, err
	}
	return []server{
		{name: "etcd", version: version, job: load.Job{Kind: "etcd", Address: address}, command: []string{binary, "load"}, stop: g.stop},
		{name: "etcd, JSON", version: version, job: load.Job{Kind: "etcd-http", Address: address}, command: []string{b.self, "load"}, stop: func() {}},
	}, nil
}

func startRqlite(ctx context.Context, b *bench, n int) ([]server, error) {
	binary, err := exec.LookPath(b.rqlited)
	if err != nil {
		return nil, errors.New("rqlited is not installed: take it from a release of rqlite and put it in PATH, or name it with -rqlited")
	}
	ports, err := freePorts(2 * n)
	if err != nil {
		return nil, err
	}
	var join []string
	for i := range n {
		join = append(join, fmt.Sprintf("127.0.0.1:%d", ports[n+i]))
	}
	var g group
	for i := range n {
		args := []string{binary, "-node-id", fmt.Sprint(i + 1), "-http-addr", fmt.Sprintf("127.0.0.1:%d", ports[i]), "-raft-addr", join[i]}
		if n > 1 {
			args = append(args, "-bootstrap-expect", fmt.Sprint(n), "-join", strings.Join(join, ","))
		}
		if err := g.run(b, fmt.Sprintf("rqlite-%d-%d", n, i), append(args, filepath.Join(b.dir, fmt.Sprintf("rqlite-%d-%d", n, i)))...); err != nil {
			return nil, err
		}
	}
	version := ""
	address, err := g.find(ctx, ports[:n], func(address string) bool {
		var s struct {
			Build struct{ Version string }
			Store struct{ Raft struct{ State string } }
		}
		ok := ask("GET", "http://"+address+"/status", "", &s) && s.Store.Raft.State == "Leader"
		version = s.Build.Version
		return ok
	})
	if err == nil && !ask("POST", "http://"+address+"/db/execute", load.RqliteTable, &struct{}{}) {
		g.stop()
		err = errors.New("rqlite makes no table")
	}
	if err != nil {
		return nil, err
	}
	return []server{{name: "rqlite", version: version, job: load.Job{Kind: "rqlite", Address: address}, command: []string{b.self, "load"}, stop: g.stop}}, nil
}

func startRedis(ctx context.Context, b *bench, _ int) ([]server, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is not installed: apt install redis-server")
	}
	version, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(b.dir, "redis")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	var g group
	if err := g.run(b, "redis", binary, "--bind", "127.0.0.1", "--port", fmt.Sprint(ports[0]), "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", data); err != nil {
		return nil, err
	}
	address, err := g.find(ctx, ports, func(address string) bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ReplaceAll(string(version), "v=", "v= "))
	return []server{{name: "redis", version: words[min(3, len(words)-1)], job: load.Job{Kind: "redis", Address: address}, command: []string{b.self, "load"}, stop: g.stop}}, nil
}

// group is the processes of one store.
type group struct{ commands []*exec.Cmd }

func (g *group) run(b *bench, name string, args ...string) error {
	out, err := os.Create(filepath.Join(b.dir, name+".log"))
	if err != nil {
		g.stop()
		return err
	}
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		g.stop()
		return err
	}
	g.commands = append(g.commands, cmd)
	return nil
}

func (g *group) stop() {
	for _, cmd := range g.commands {
		cmd.Process.Kill()
		cmd.Wait()
	}
	g.commands = nil
}

// find returns the address on one of the ports that is the right one, and stops the group when there is none in time.
func (g *group) find(ctx context.Context, ports []int, right func(address string) bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		for _, p := range ports {
			if address := fmt.Sprintf("127.0.0.1:%d", p); right(address) {
				return address, nil
			}
		}
		select {
		case <-ctx.Done():
			g.stop()
			return "", errors.New("it does not get ready; see its log")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// ask tells whether a request got a good answer, which is put into reply.
func ask(method, url, body string, reply any) bool {
	req, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == 200 && json.NewDecoder(resp.Body).Decode(reply) == nil
}
