package host

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/hosttest"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

const counting = "name = \"one\"\n[modules.counter]\npath = \"counter.wasm\"\ngrants.kv = [\"posts\"]\n[[routes]]\npath = \"/count\"\nmodule = \"counter\"\n"

// counter adds 1 to a key and answers with a KVGetReply; see its source.
func counter(t testing.TB) string {
	t.Helper()
	wasm, err := os.ReadFile("capability/kv/testdata/counter.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return string(wasm)
}

// counted asks the counter: its value, or the code that it got.
func counted(t *testing.T, url string) (value string, code abi.Code) {
	t.Helper()
	status, body, _ := get(t, url+"/count")
	switch {
	case status == 200:
		return string(hosttest.Decode[abi.KVGetReply](t, []byte(body)).Value), 0
	case status == 500 && len(body) == 1:
		return "", -abi.Code(body[0])
	}
	t.Fatalf("%d %.300q", status, body)
	return "", 0
}

func TestAGuestKeepsWhatItIsGranted(t *testing.T) {
	store, dir := hosttest.NewMemory(), t.TempDir()
	h, url := open(t, Config{Store: store}, write(t, dir, map[string]string{"counter.wasm": counter(t), "stackhost.toml": counting}))
	counted(t, url)
	if v, code := counted(t, url); v != "2" || code != 0 {
		t.Errorf("got %q, %v", v, code)
	}
	e, found, err := raftstore.NewKV(store, "one").Get(t.Context(), raftstore.Linearizable, "posts", []byte("n"))
	if err != nil || !found || string(e.Value) != "2" {
		t.Errorf("the store has %q, %v, %v", e.Value, found, err)
	}
	for grant, want := range map[string]abi.Code{`["other"]`: abi.CodeDenied, `["posts:read"]`: abi.CodeDenied, `["*"]`: 0} {
		if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": strings.Replace(counting, `["posts"]`, grant, 1)})); err != nil {
			t.Fatal(err)
		}
		if _, code := counted(t, url); code != want {
			t.Errorf("%s: %v, want %v", grant, code, want)
		}
	}
	// The app's name is what its data are under, also when nothing else changed.
	renamed := strings.Replace(counting, `"one"`, `"two"`, 1)
	for _, manifest := range []string{counting, renamed} {
		if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": manifest})); err != nil {
			t.Fatal(err)
		}
	}
	if v, code := counted(t, url); v != "1" || code != 0 {
		t.Errorf("an app of another name counts to %q, %v", v, code)
	}
}

func TestAGrantNeedsAStore(t *testing.T) {
	h, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	dir := t.TempDir()
	err = h.Deploy(t.Context(), write(t, dir, map[string]string{"counter.wasm": counter(t), "stackhost.toml": counting}))
	if err == nil || !strings.Contains(err.Error(), "stackhost.toml:2") || !strings.Contains(err.Error(), "no store") {
		t.Errorf("without a store: %v", err)
	}
	none := strings.Replace(counting, "grants.kv = [\"posts\"]\n", "", 1)
	err = h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": none}))
	if err == nil || !strings.Contains(err.Error(), `grants.kv = [`) {
		t.Errorf("without a grant: %v", err)
	}
}

func TestAQuotaOfOperationsHoldsAtOnce(t *testing.T) {
	dir := t.TempDir()
	h, url := open(t, Config{Store: hosttest.NewMemory()}, write(t, dir, map[string]string{"counter.wasm": counter(t), "stackhost.toml": counting}))
	before := h.Guest("counter").Module()
	for _, c := range []struct {
		manifest string
		code     abi.Code
	}{{counting + "[quota]\nops = 1\n", abi.CodeQuota}, {counting, 0}} { // a request is two operations
		if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": c.manifest})); err != nil {
			t.Fatal(err)
		}
		if _, code := counted(t, url); code != c.code {
			t.Errorf("%s: %v, want %v", c.manifest, code, c.code)
		}
	}
	if h.Guest("counter").Module() != before {
		t.Error("a quota made the module load again")
	}
}

func TestAQuotaReachesTheStore(t *testing.T) {
	store, dir := &slowStore{Memory: hosttest.NewMemory()}, t.TempDir()
	kv := raftstore.NewKV(store, "one")
	limits := func() state.Usage {
		_, limits, err := kv.Usage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return limits
	}
	await := func(want state.Usage) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); limits() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the limits are %+v, want %+v", limits(), want)
			}
		}
	}
	quota := counting + "[quota]\nbytes = \"1 MiB\"\nkeys = 10\n"
	h, _ := open(t, Config{Store: store}, write(t, dir, map[string]string{"counter.wasm": counter(t), "stackhost.toml": quota}))
	await(state.Usage{Bytes: 1 << 20, Keys: 10})

	// While the store has no leader, deploying goes on; what was deployed last counts once it has one.
	store.stuck.Store(true)
	start := time.Now()
	for _, keys := range []string{"keys = 11", "keys = 12", "keys = 13"} {
		if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": strings.Replace(quota, "keys = 10", keys, 1)})); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("deploying took %v", d)
	}
	store.stuck.Store(false)
	await(state.Usage{Bytes: 1 << 20, Keys: 13})
	time.Sleep(50 * time.Millisecond) // for an older one that comes late
	await(state.Usage{Bytes: 1 << 20, Keys: 13})

	if err := h.Deploy(t.Context(), write(t, dir, map[string]string{"stackhost.toml": counting})); err != nil {
		t.Fatal(err)
	}
	await(state.Usage{})
}

// slowStore does nothing while it is stuck, and goes on afterwards with what was asked last.
type slowStore struct {
	*hosttest.Memory
	stuck   atomic.Bool
	waiting atomic.Int64
}

func (s *slowStore) Do(ctx context.Context, commands ...state.Command) ([]state.Reply, error) {
	late := s.waiting.Add(1)
	for s.stuck.Load() && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(max(0, 4-late)) * 5 * time.Millisecond) // those that came first are last
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return s.Memory.Do(ctx, commands...)
}
