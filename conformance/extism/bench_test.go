package extism

import (
	"context"
	"strings"
	"testing"
	"time"

	sdk "github.com/extism/go-sdk"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/dialect"
)

var sizes = []struct {
	name  string
	bytes int
}{{"64B", 64}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}}

func vowels(reuse bool) row {
	return row{guest: "count_vowels.wasm", export: "count_vowels", reuse: reuse}
}

func callTheirs(b testing.TB, p *sdk.Plugin, input []byte) {
	if _, _, err := p.Call("count_vowels", input); err != nil {
		b.Fatal(err)
	}
}

func callOurs(b testing.TB, g dialect.Guest, job *abi.JobRequest) {
	if _, err := g.Job(context.Background(), job); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCountVowels calls count_vowels in both hosts: the SDK's plug-in is reused, ours is restored after each call
// (pristine) or reused as well.
func BenchmarkCountVowels(b *testing.B) {
	sdk.SetLogLevel(sdk.LogLevelError)
	for _, size := range sizes {
		input := []byte(strings.Repeat("hello, world. ", size.bytes/14+1)[:size.bytes])
		b.Run("go-sdk/"+size.name, func(b *testing.B) {
			r := vowels(true)
			p, err := r.theirs(b)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				callTheirs(b, p, input)
			}
		})
		for _, reuse := range []bool{false, true} {
			name := map[bool]string{false: "pristine/", true: "reuse/"}[reuse]
			b.Run(name+size.name, func(b *testing.B) {
				r := vowels(reuse)
				g, err := r.load(b, nil)
				if err != nil {
					b.Fatal(err)
				}
				job := &abi.JobRequest{Payload: input}
				callOurs(b, g, job)
				b.ReportAllocs()
				for b.Loop() {
					callOurs(b, g, job)
				}
			})
		}
	}
}

// TestRatio measures both hosts side by side, in turns, and expects ours to be at least twice as fast with 64 bytes. The fastest
// of several rounds counts, so that a busy machine does not decide.
func TestRatio(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	logged.Lock()
	defer logged.Unlock()
	sdk.SetLogLevel(sdk.LogLevelError)
	r := vowels(false)
	p, err := r.theirs(t)
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.load(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	input := []byte(strings.Repeat("hello, world. ", 5)[:64])
	job := &abi.JobRequest{Payload: input}
	const rounds, calls = 7, 200
	theirs, ours := time.Duration(1<<62), time.Duration(1<<62)
	for range rounds {
		start := time.Now()
		for range calls {
			callTheirs(t, p, input)
		}
		theirs = min(theirs, time.Since(start)/calls)
		start = time.Now()
		for range calls {
			callOurs(t, g, job)
		}
		ours = min(ours, time.Since(start)/calls)
	}
	t.Logf("count_vowels, 64 bytes: go-sdk %v, ours %v, ratio %.1f", theirs, ours, float64(theirs)/float64(ours))
	if ours*2 > theirs {
		t.Errorf("ours takes %v, the SDK %v", ours, theirs)
	}
}
