// Package lab runs clusters of real stackhost processes, each in a network namespace of its own when it may make some, so that links
// can be cut and slowed.
package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Lab is a set of nodes below one folder. Close it.
type Lab struct {
	Dir, Binary string
	Nodes       []*Node
	bridge      string // "": no namespaces, all nodes on loopback
	subnet      string // first three octets
}

// Node is one process.
type Node struct {
	Name, Data string
	HTTP       string // base URL for clients
	Admin      string // base URL of the admin API
	Token      string // for it
	IP         string
	lab        *Lab
	link       string
	netns      string
	args       []string
	disk       bool // it has one of its own
	mu         sync.Mutex
	cmd        *exec.Cmd // guarded by mu; nil while the node is down
	stopped    bool      // guarded by mu; by SIGSTOP
}

// Build builds the stackhost of the tree that bench is in.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "stackhost")
	build := exec.Command("go", "build", "-o", binary, "./cmd/stackhost")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %v\n%s", err, out)
	}
	return binary, nil
}

// New builds stackhost and makes n nodes in a temporary folder, without starting them. With isolate each has a network namespace, for
// which the process must be root.
func New(n int, isolate bool) (*Lab, error) {
	dir, err := os.MkdirTemp("", "stackhost-lab-")
	if err != nil {
		return nil, err
	}
	l := &Lab{Dir: dir}
	if l.Binary, err = Build(dir); err == nil && isolate {
		err = l.addBridge()
	}
	for i := 0; i < n && err == nil; i++ {
		_, err = l.Add()
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) addBridge() error {
	pid := os.Getpid()
	l.bridge = fmt.Sprintf("shb%d", pid%100000)
	l.subnet = fmt.Sprintf("10.%d.%d", 64+pid/256%64, pid%256)
	return ip(fmt.Sprintf("link add %s type bridge", l.bridge), fmt.Sprintf("addr add %s.254/24 dev %s", l.subnet, l.bridge), fmt.Sprintf("link set %s up", l.bridge))
}

func ip(commands ...string) error {
	for _, c := range commands {
		if out, err := exec.Command("ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %v: %s", c, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// Add makes one more node.
func (l *Lab) Add() (*Node, error) {
	i := len(l.Nodes) + 1
	n := &Node{Name: fmt.Sprintf("n%d", i), lab: l, IP: "127.0.0.1"}
	n.Data = filepath.Join(l.Dir, n.Name)
	ports := [3]int{8080, 9440, 9441}
	if l.bridge != "" {
		n.IP, n.netns = fmt.Sprintf("%s.%d", l.subnet, i), fmt.Sprintf("%sn%d", l.bridge, i)
		veth, peer := fmt.Sprintf("%sv%d", l.bridge, i), fmt.Sprintf("%sp%d", l.bridge, i)
		if err := ip("netns add "+n.netns, fmt.Sprintf("link add %s type veth peer name %s", veth, peer), fmt.Sprintf("link set %s master %s up", veth, l.bridge),
			fmt.Sprintf("link set %s netns %s", peer, n.netns), fmt.Sprintf("-n %s link set %s name eth0", n.netns, peer), fmt.Sprintf("-n %s addr add %s/24 dev eth0", n.netns, n.IP),
			fmt.Sprintf("-n %s link set eth0 up", n.netns), fmt.Sprintf("-n %s link set lo up", n.netns)); err != nil {
			return nil, err
		}
	} else {
		for p := range ports {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			ports[p] = ln.Addr().(*net.TCPAddr).Port
			defer ln.Close()
		}
	}
	n.HTTP, n.Admin = fmt.Sprintf("http://%s:%d", n.IP, ports[0]), fmt.Sprintf("http://%s:%d", n.IP, ports[1])
	n.link = fmt.Sprintf("%s:%d", n.IP, ports[2])
	n.args = []string{"serve", "--data", n.Data, "--node", n.Name, "--listen", strings.TrimPrefix(n.HTTP, "http://"), "--admin", strings.TrimPrefix(n.Admin, "http://"), "--node-listen", n.link}
	l.Nodes = append(l.Nodes, n)
	return n, nil
}

// Start forms a cluster of all nodes and waits until every one has a vote.
func (l *Lab) Start(ctx context.Context, extra ...string) error {
	for i, n := range l.Nodes {
		n.args = append(n.args, extra...)
		join := []string{}
		if i > 0 {
			var reply struct{ Token string }
			if err := l.Nodes[0].Call(ctx, "POST", "/v1/cluster/join-token", nil, &reply); err != nil {
				return err
			}
			join = []string{"--join", reply.Token, "--seed", l.Nodes[0].link}
		}
		if err := n.Run(join...); err != nil {
			return err
		}
		if err := n.Ready(ctx); err != nil {
			return err
		}
	}
	for {
		var c Cluster
		err := l.Nodes[0].Call(ctx, "GET", "/v1/cluster", nil, &c)
		voters := 0
		for _, m := range c.Status.Members {
			if m.Voter {
				voters++
			}
		}
		if voters == len(l.Nodes) {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		_ = err
	}
}

// Cluster is the answer of GET /v1/cluster, as far as the lab needs it.
type Cluster struct {
	Status struct {
		Node, State, Leader string
		Applied             uint64 `json:"applied_index"`
		Chain               string
		Term                uint64
		Failed              string
		Members             []struct {
			Node  string
			Voter bool
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Run starts the process.
func (n *Node) Run(more ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	args := append([]string{n.lab.Binary}, append(append([]string{}, n.args...), more...)...)
	if n.netns != "" {
		args = append([]string{"ip", "netns", "exec", n.netns}, args...)
	}
	log, err := os.OpenFile(filepath.Join(n.lab.Dir, n.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "STACKHOST_TEST_CLOCK="+n.ClockFile())
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.stopped = cmd, false
	return nil
}

// ClockFile has the milliseconds by which the node's wall clock is off.
func (n *Node) ClockFile() string { return filepath.Join(n.lab.Dir, n.Name+".clock") }

// Ready waits until the node answers, and reads its token.
func (n *Node) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		b, err := os.ReadFile(filepath.Join(n.Data, "admin.json"))
		var e struct{ Token string }
		if err == nil && json.Unmarshal(b, &e) == nil && e.Token != "" {
			n.Token = e.Token
			if err = n.Call(ctx, "GET", "/readyz", nil, nil); err == nil {
				return nil
			}
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("%s did not get ready: %v; see %s.log in %s", n.Name, err, n.Name, n.lab.Dir)
		}
	}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// Call sends a request to the admin API.
func (n *Node) Call(ctx context.Context, method, path string, body, reply any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, n.Admin+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+n.Token)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, bytes.TrimSpace(b))
	}
	if err == nil && reply != nil {
		err = json.Unmarshal(b, reply)
	}
	return err
}

// Kill ends the process at once, as kill -9 does.
func (n *Node) Kill() { n.signal(syscall.SIGKILL) }

// Stop ends the process in order and waits for it.
func (n *Node) Stop() { n.signal(syscall.SIGTERM) }

func (n *Node) signal(s syscall.Signal) {
	n.mu.Lock()
	cmd := n.cmd
	n.cmd = nil
	n.mu.Unlock()
	if cmd != nil {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(s)
		cmd.Wait()
	}
}

// Up tells whether the process runs.
func (n *Node) Up() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cmd != nil && n.cmd.Process.Signal(syscall.Signal(0)) == nil
}

// Pause stops the process where it is; Resume lets it go on.
func (n *Node) Pause() { n.send(syscall.SIGSTOP) }

// Resume ends a pause.
func (n *Node) Resume() { n.send(syscall.SIGCONT) }

func (n *Node) send(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		n.cmd.Process.Signal(s)
	}
}

// Cut drops what n sends to m: one direction.
func (n *Node) Cut(m *Node) error {
	if n.netns == "" {
		return errors.New("a node without a network namespace of its own cannot be cut off")
	}
	return ip(fmt.Sprintf("-n %s route replace blackhole %s/32", n.netns, m.IP))
}

// Mend takes all cuts from n back.
func (n *Node) Mend() {
	if n.netns == "" {
		return
	}
	for _, m := range n.lab.Nodes {
		ip(fmt.Sprintf("-n %s route del blackhole %s/32", n.netns, m.IP))
	}
}

// Netem delays and drops what n sends, as tc-netem(8) says; "" ends that.
func (n *Node) Netem(rule string) error {
	if n.netns == "" {
		return nil
	}
	exec.Command("ip", "netns", "exec", n.netns, "tc", "qdisc", "del", "dev", "eth0", "root").Run()
	if rule == "" {
		return nil
	}
	args := append([]string{"netns", "exec", n.netns, "tc", "qdisc", "add", "dev", "eth0", "root", "netem"}, strings.Fields(rule)...)
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("tc: %v: %s", err, out)
	}
	return nil
}

// Skew sets the node's wall clock off.
func (n *Node) Skew(by time.Duration) {
	os.WriteFile(n.ClockFile(), []byte(fmt.Sprint(by.Milliseconds())), 0o600)
}

// Leader returns the node that leads, by asking all.
func (l *Lab) Leader(ctx context.Context) (*Node, error) {
	for {
		for _, n := range l.Nodes {
			var c Cluster
			short, cancel := context.WithTimeout(ctx, time.Second)
			err := n.Call(short, "GET", "/v1/cluster", nil, &c)
			cancel()
			if err == nil && c.Status.State == "Leader" {
				return n, nil
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, errors.New("no node leads")
		}
	}
}

// Close ends the processes and removes what was made.
func (l *Lab) Close() {
	for _, n := range l.Nodes {
		n.Answer()
		n.Kill()
		n.removeDisk()
		if n.netns != "" {
			ip("netns del " + n.netns)
		}
	}
	if l.bridge != "" {
		ip("link del " + l.bridge)
	}
	os.RemoveAll(l.Dir)
}

// Keep ends the processes and leaves the folder, for somebody to look at.
func (l *Lab) Keep() string {
	dir := l.Dir
	l.Dir = filepath.Join(dir, "none")
	l.Close()
	return dir
}
