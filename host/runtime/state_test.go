package runtime

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// leakRounds is how many requests the leaky guest gets: STACKHOST_LEAK_ROUNDS, or 20,000.
func leakRounds(t *testing.T) int {
	rounds := 20_000
	if testing.Short() {
		rounds = 500
	}
	if text := os.Getenv("STACKHOST_LEAK_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		rounds = n
	}
	return rounds
}

// leakOnce looks for anything an earlier call left, then leaves as much as a guest can.
func leakOnce(m *Module, sum uint64) (found string, err error) {
	in, err := m.Acquire(context.Background())
	if err != nil {
		return "", err
	}
	defer in.Release()
	in.Begin(context.Background(), time.Time{})
	for _, check := range []struct {
		export string
		want   uint64
	}{{"size", 1}, {"sum", sum}, {"count", 1}, {"globals", 9}} {
		got, err := invoke(in, check.export)
		if err != nil {
			return "", err
		}
		if got != check.want {
			return check.export + " is " + strconv.FormatUint(got, 10), nil
		}
	}
	pages := rand.IntN(4)
	if _, err := invoke(in, "grow", uint64(pages)); err != nil {
		return "", err
	}
	if b, err := invoke(in, "peek", uint64(64<<10*(1+pages)-1)); err != nil || b != 0 {
		return "a grown page is not zero", err
	}
	if _, err := invoke(in, "fill", uint64(1+rand.IntN(255))); err != nil {
		return "", err
	}
	if rand.IntN(16) == 0 {
		invoke(in, "trap")
	}
	return "", nil
}

func TestALeakyGuestFindsNothing(t *testing.T) {
	for _, isolation := range []Isolation{Pristine, Fresh} {
		t.Run(string(isolation), func(t *testing.T) {
			t.Parallel()
			m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Isolation: isolation, Limits: Limits{Concurrency: 3}})
			sum := do(t, m, "sum")
			rounds := leakRounds(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for i := range rounds / 4 {
						if found, err := leakOnce(m, sum); err != nil || found != "" {
							t.Errorf("round %d: %s %v", i, found, err)
							return
						}
					}
				})
			}
			wg.Wait()
			if isolation == Pristine && m.Stats().Created > 3 {
				t.Errorf("%d instances were made: some could not be restored", m.Stats().Created)
			}
		})
	}
}

func TestReferencesAndWideGlobalsGetFreshInstances(t *testing.T) {
	for _, name := range []string{"refs", "wide"} {
		m := load(t, Spec{Name: "test/" + name, Wasm: guest(t, name)})
		if m.Isolation() != Fresh {
			t.Errorf("%s: isolation is %s", name, m.Isolation())
		}
		for range 3 {
			if got := do(t, m, "state"); got != 0 {
				t.Fatalf("%s: a call found what another left", name)
			}
			do(t, m, "change")
		}
	}
}

func TestWarmIsInTheSnapshot(t *testing.T) {
	m := load(t, Spec{Name: "test/state", Wasm: guest(t, "state"), Warm: func(in *Instance) error {
		_, err := invoke(in, "poke", 5000, 7)
		return err
	}})
	if got := do(t, m, "peek", 5000); got != 7 {
		t.Errorf("got %d", got)
	}
}

func TestGuestsAreBuiltFromTheirSources(t *testing.T) {
	if _, err := exec.LookPath("wat2wasm"); err != nil {
		t.Skip("needs wat2wasm")
	}
	out := t.TempDir()
	if b, err := exec.Command("bash", "testdata/build.sh", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	built, _ := filepath.Glob(filepath.Join(out, "*.wasm"))
	for _, path := range built {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join("testdata", filepath.Base(path))); err != nil || string(got) != string(want) {
			t.Errorf("%s is stale: run testdata/build.sh (%v)", filepath.Base(path), err)
		}
	}
}
