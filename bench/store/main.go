// Command store compares stackhost's store with other stores that are durable when they say so, on one machine in one run: single
// puts and linearizable gets of 128-byte values, one node and three processes, all clients at the leader. Servers and load are
// processes of their own; rounds are interleaved and medians are told.
//
//	cd bench && go run ./store                         # everything that can be had here
//	cd bench && go run ./store -rounds 3 -seconds 1 -only stackhost,etcd -processes 1
//
// etcd is built from its Go module, redis-server comes from the system's packages, and rqlited from a release of rqlite (in PATH, or
// with -rqlited). What is missing is left out and named. etcd is measured twice: with its own Go client, over gRPC, and through its JSON
// gateway with the client that stackhost and rqlite are measured with; the faster one is what stackhost is compared with. Redis
// flushes each write (appendfsync always) and is not replicated.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stackhost/stackhost/bench/store/load"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		if err := load.Main(os.Args[2:], load.Dial); err != nil {
			log.Fatal(err)
		}
		return
	}
	var b bench
	flag.IntVar(&b.rounds, "rounds", 5, "interleaved rounds; medians are told")
	flag.Float64Var(&b.seconds, "seconds", 2, "seconds of load for each round, store and kind of load")
	flag.StringVar(&b.rqlited, "rqlited", "rqlited", "rqlite's server")
	only := flag.String("only", "", "stores to run, with commas between them: stackhost, etcd, rqlite, redis; all when empty")
	processes := flag.String("processes", "1,3", "sizes of clusters")
	loads := flag.String("loads", "put 1,put 64,get 1,get 64,get 512,stale 512", "kinds of load, each with a number of clients")
	inproc := flag.Bool("inproc", true, "measure the store inside a process too")
	file := flag.String("json", "", "file for the results in JSON")
	flag.Parse()
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	b.loads = strings.Split(*loads, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := b.run(ctx, strings.Split(*processes, ","), *inproc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(report.Markdown())
	if *file != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err == nil {
			err = os.WriteFile(*file, append(text, '\n'), 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// bench is what was asked for.
type bench struct {
	rounds    int
	seconds   float64
	rqlited   string
	only      []string
	loads     []string
	dir, self string
}

// keys is how many keys gets and puts are spread over, and valueBytes how long a value is.
const keys, valueBytes = 10_000, 128

func (b *bench) run(ctx context.Context, processes []string, inproc bool) (_ *Report, err error) {
	if _, err := os.Stat("store/etcd/go.mod"); err != nil {
		return nil, fmt.Errorf("run this in the folder bench: %w", err)
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "stackhost-store-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	r := &Report{Date: time.Now().UTC().Format(time.DateOnly), Rounds: b.rounds, Seconds: b.seconds, Machine: machine(), Versions: map[string]string{}, Missing: map[string]string{}}
	if err := r.Fsync.measure(b.dir, 2*time.Second); err != nil {
		return nil, err
	}
	for _, p := range processes {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return nil, fmt.Errorf("-processes: %w", err)
		}
		if err := b.cluster(ctx, r, n); err != nil {
			return nil, err
		}
	}
	if inproc {
		if r.InProcess, err = b.inProcess(ctx); err != nil {
			return nil, err
		}
	}
	return r, r.Fsync.measure(b.dir, 2*time.Second)
}

// cluster measures all stores with n processes.
func (b *bench) cluster(ctx context.Context, r *Report, n int) error {
	var servers []server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for _, s := range starters {
		if len(b.only) > 0 && !slices.Contains(b.only, s.name) || n > s.most {
			continue
		}
		log.Printf("starting %s, %d processes", s.name, n)
		started, err := s.start(ctx, b, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			log.Printf("left out: %s: %v", s.name, err)
			r.Missing[s.name] = err.Error()
			continue
		}
		servers = append(servers, started...)
		for _, s := range started {
			r.Versions[s.name] = s.version
			if _, err := b.load(ctx, s, "fill", 1); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	seen := map[Case][]load.Result{}
	for round := range b.rounds {
		for _, kind := range b.loads {
			op, count, _ := strings.Cut(strings.TrimSpace(kind), " ")
			clients, err := strconv.Atoi(count)
			if err != nil {
				return fmt.Errorf("-loads: %q: such as put 64 is wanted", kind)
			}
			for i := range servers {
				s := servers[(i+round)%len(servers)] // nobody is always the first
				if op == "stale" && s.name == "redis" {
					continue
				}
				got, err := b.load(ctx, s, op, clients)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if got.Errors > 0 {
					log.Printf("%s, %s: %d errors, such as %s", s.name, kind, got.Errors, got.FirstErr)
				}
				c := Case{Store: s.name, Processes: n, Op: op, Clients: clients}
				seen[c] = append(seen[c], got)
			}
		}
		log.Printf("%d processes: round %d of %d", n, round+1, b.rounds)
	}
	for c, results := range seen {
		r.Rows = append(r.Rows, Row{c, medians(results)})
	}
	r.sort()
	return nil
}

// load runs a load process.
func (b *bench) load(ctx context.Context, s server, op string, clients int) (r load.Result, err error) {
	job := s.job
	job.Op, job.Clients, job.Seconds, job.Keys, job.Bytes = op, clients, b.seconds, keys, valueBytes
	text, err := json.Marshal(job)
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(2*b.seconds)*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.command[0], append(s.command[1:], string(text))...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil || op == "fill" {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// inProcess runs the benchmark in which the load is in the same process as the store.
func (b *bench) inProcess(ctx context.Context) (json.RawMessage, error) {
	binary := filepath.Join(b.dir, "inproc")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = "store/inproc"
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %v\n%s", err, out)
	}
	log.Print("inside one process")
	cmd := exec.CommandContext(ctx, binary, "-json", "-rounds", fmt.Sprint(b.rounds), "-seconds", fmt.Sprint(b.seconds))
	cmd.Stderr, cmd.Env = os.Stderr, append(os.Environ(), "TMPDIR="+b.dir) // removed with the rest
	return cmd.Output()
}
