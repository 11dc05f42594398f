// Command crash kills a store at random moments, cuts its power, and flips bits in its files, and checks after each time that nothing
// acknowledged is lost, nothing is half there, and no wrong byte is served.
//
//	cd bench/crash && go run . -kills 1000 -cuts 300 -flips 100
//
// Power cuts need root and /dev/fuse. The exit code is 1 when something was wrong.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

func main() {
	child := flag.String("child", "", "")
	long := flag.Int("value", 200, "length of values in bytes")
	kills := flag.Int("kills", 100, "how often to kill -9")
	cuts := flag.Int("cuts", 30, "how often to cut the power")
	flips := flag.Int("flips", 20, "how often to flip a bit")
	ignore := flag.Bool("ignore-sync", false, "take nothing for synced: must report losses, which shows that the power cuts are real")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed")
	report := flag.String("report", "", "file for a report in JSON")
	flag.Parse()
	if *child != "" {
		if err := write(*child, *long); err != nil {
			log.Fatal(err)
		}
		return
	}
	t := &tester{r: rand.New(rand.NewPCG(*seed, 2)), Seed: *seed, Wrong: []string{}}
	log.SetFlags(log.Ltime)
	log.Printf("seed %d", *seed)
	t.kills(*kills)
	t.cuts(*cuts, *ignore)
	t.flips(*flips)
	b, _ := json.MarshalIndent(t, "", "  ")
	fmt.Printf("%s\n", b)
	if *report != "" {
		if err := os.WriteFile(*report, append(b, '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if len(t.Wrong) > 0 {
		os.Exit(1)
	}
}

const writers = 16

func open(dir string) (*raftstore.Store, error) {
	return raftstore.Open(raftstore.Config{Dir: dir, Node: "n1", Bootstrap: true, MinFree: 1})
}

// value is what a writer writes: its number, a checksum, and bytes that follow from it.
func value(writer, n, long int) []byte {
	b := fmt.Appendf(nil, "%d %d ", writer, n)
	for len(b) < long {
		b = append(b, byte('a'+(n+len(b))%26))
	}
	return fmt.Appendf(b, " %08x", crc32.ChecksumIEEE(b))
}

// number is the reverse of value.
func number(b []byte) (n int, err error) {
	i := bytes.LastIndexByte(b, ' ')
	if i < 0 || fmt.Sprintf("%08x", crc32.ChecksumIEEE(b[:i])) != string(b[i+1:]) {
		return 0, fmt.Errorf("a value that nobody wrote: %.60q", b)
	}
	var w int
	_, err = fmt.Sscanf(string(b), "%d %d", &w, &n)
	return n, err
}

// write is the child: it writes until it is killed, and tells what was acknowledged.
func write(dir string, long int) error {
	s, err := open(dir)
	if err != nil {
		return err
	}
	kv := raftstore.NewKV(s, "app")
	ctx := context.Background()
	begun := make([]int, writers)
	for w := range writers {
		e, found, err := kv.Get(ctx, raftstore.Linearizable, "n", key(w))
		if err != nil {
			return err
		}
		if found {
			if begun[w], err = number(e.Value); err != nil {
				return err
			}
		}
	}
	fmt.Println("ready")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := begun[w] + 1; ; n++ {
				v := value(w, n, long)
				fmt.Printf("try %d %d\n", w, n)
				var err error
				if n%4 == 0 { // the same in two places and a counter, together
					_, err = kv.Txn(ctx, raftstore.Txn{Writes: []state.KVWrite{
						{Kind: state.KVSet, Namespace: "n", Key: key(w), Value: v},
						{Kind: state.KVSet, Namespace: "a", Key: key(w), Value: v}, {Kind: state.KVSet, Namespace: "b", Key: key(w), Value: v},
						{Kind: state.KVAdd, Namespace: "n", Key: []byte("count"), Delta: 1},
					}})
				} else {
					_, err = kv.Set(ctx, "n", key(w), v, raftstore.SetOptions{})
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(3)
				}
				fmt.Printf("ack %d %d\n", w, n)
			}
		})
	}
	wg.Wait()
	return nil
}

func key(w int) []byte { return fmt.Appendf(nil, "writer %d", w) }

// tester is the parent. Its exported fields are the report.
type tester struct {
	Seed         uint64
	Kills, Cuts  int
	Flips        int
	Acknowledged int
	Detected     int // flips that were found
	Harmless     int // flips of bytes that hold nothing
	Dropped      int // pages that were lost by power cuts
	Torn         int
	Wrong        []string

	r            *rand.Rand
	tried, acked [writers]int
	counted      [2]int // transactions acknowledged, tried
}

func (t *tester) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	log.Print("WRONG: ", text)
	t.Wrong = append(t.Wrong, text)
}

// round lets a child write in dir and kills it.
func (t *tester) round(dir string) {
	self, _ := os.Executable()
	long := "200"
	if t.r.IntN(3) == 0 {
		long = "16000"
	}
	cmd := exec.Command(self, "-child", dir, "-value", long)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		log.Fatal(err)
	}
	kill := func() { cmd.Process.Kill() }
	early := t.r.IntN(8) == 0 // while it starts
	if early {
		time.AfterFunc(time.Duration(t.r.IntN(60))*time.Millisecond, kill)
	} else {
		time.AfterFunc(20*time.Second, kill)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 1 && f[0] == "ready":
			if !early {
				time.AfterFunc(time.Duration(t.r.IntN(400))*time.Millisecond, kill)
			}
		case len(f) == 3:
			w, _ := strconv.Atoi(f[1])
			n, err := strconv.Atoi(f[2])
			if err != nil || w >= writers {
				continue // cut off by the kill
			}
			if f[0] == "try" {
				if t.tried[w] = n; n%4 == 0 {
					t.counted[1]++
				}
			} else {
				t.acked[w] = n
				t.Acknowledged++
				if n%4 == 0 {
					t.counted[0]++
				}
			}
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.wrong("the store did not start or write: %v: %s", err, stderr.Bytes())
	}
}

// check opens the store and compares it with what was acknowledged.
func (t *tester) check(dir, after string) {
	s, err := open(dir)
	if err != nil {
		t.wrong("after %s the store does not open: %v", after, err)
		return
	}
	defer s.Close()
	kv := raftstore.NewKV(s, "app")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	get := func(ns string, w int) int {
		e, found, err := kv.Get(ctx, raftstore.Linearizable, ns, key(w))
		n := 0
		if err == nil && found {
			n, err = number(e.Value)
		}
		if err != nil {
			t.wrong("after %s: writer %d: %v", after, w, err)
		}
		return n
	}
	for w := range writers {
		n := get("n", w)
		if n < t.acked[w] || n > t.tried[w] {
			t.wrong("after %s: writer %d has %d; %d was acknowledged, %d tried", after, w, n, t.acked[w], t.tried[w])
		}
		a, b := get("a", w), get("b", w)
		if a != b || a < t.acked[w]/4*4 || a > n {
			t.wrong("after %s: writer %d: half a transaction: %d, %d, %d", after, w, n, a, b)
		}
		t.tried[w], t.acked[w] = n, n // what was not acknowledged and is there stays
	}
	e, _, err := kv.Get(ctx, raftstore.Linearizable, "n", []byte("count"))
	count, _ := strconv.Atoi(string(e.Value))
	if err != nil || count < t.counted[0] || count > t.counted[1] {
		t.wrong("after %s: %d transactions are counted; %d were acknowledged, %d tried: %v", after, count, t.counted[0], t.counted[1], err)
	}
	t.counted = [2]int{count, count}
}

func (t *tester) anew() string {
	dir, err := os.MkdirTemp("", "stackhost-crash-")
	if err != nil {
		log.Fatal(err)
	}
	t.tried, t.acked, t.counted = [writers]int{}, [writers]int{}, [2]int{}
	return dir
}

func (t *tester) kills(n int) {
	dir := ""
	for i := range n {
		if i%100 == 0 {
			os.RemoveAll(dir)
			dir = t.anew()
		}
		t.round(filepath.Join(dir, "store"))
		t.Kills++
		if t.check(filepath.Join(dir, "store"), fmt.Sprintf("kill %d", i)); i%50 == 49 {
			log.Printf("%d kills, %d writes acknowledged, %d wrong", i+1, t.Acknowledged, len(t.Wrong))
		}
	}
	os.RemoveAll(dir)
}

// flips damages the files of a stopped store, one bit at a time.
func (t *tester) flips(n int) {
	if n == 0 {
		return
	}
	dir := t.anew()
	defer os.RemoveAll(dir)
	good := filepath.Join(dir, "good")
	t.round(good)
	t.check(good, "the first stop")
	acked := t.acked
	counted := t.counted
	for i := range n {
		bad := filepath.Join(dir, "bad")
		os.RemoveAll(bad)
		if err := os.CopyFS(bad, os.DirFS(good)); err != nil {
			log.Fatal(err)
		}
		var files []string
		for _, pattern := range []string{"log/*.wal", "state/*/*.sst", "state/*/MANIFEST", "snapshots/*"} {
			found, _ := filepath.Glob(filepath.Join(bad, pattern))
			files = append(files, found...)
		}
		path := files[t.r.IntN(len(files))]
		b, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		end := len(bytes.TrimRight(b, "\x00"))
		if end == 0 {
			continue
		}
		at := t.r.IntN(end)
		b[at] ^= 1 << t.r.IntN(8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			log.Fatal(err)
		}
		t.Flips++
		t.acked, t.tried, t.counted = acked, acked, counted
		before := len(t.Wrong)
		err = t.guarded(bad)
		var damage *raftstore.CorruptError
		switch {
		case errors.As(err, &damage):
			t.Detected++
			t.Wrong = t.Wrong[:before]
		case err != nil:
			t.wrong("bit flip %d at %d of %s: %v", i, at, strings.TrimPrefix(path, bad), err)
		case len(t.Wrong) > before:
			t.wrong("bit flip %d at %d of %s was not detected", i, at, strings.TrimPrefix(path, bad))
		default:
			t.Harmless++
		}
	}
	log.Printf("%d flips: %d detected, %d harmless", t.Flips, t.Detected, t.Harmless)
}

// guarded verifies a folder and reads it, and turns a panic into an error.
func (t *tester) guarded(dir string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	r, err := raftstore.Verify(context.Background(), dir)
	if err != nil {
		return err
	}
	if len(r.Problems) > 0 {
		return &raftstore.CorruptError{Path: dir, Err: errors.New(r.Problems[0])}
	}
	s, err := open(dir)
	if err != nil {
		return err
	}
	s.Close()
	t.check(dir, "a bit flip")
	return nil
}
