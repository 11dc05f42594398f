package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stackhost/stackhost/bench/store/load"
)

// Fsync is what a flush to the disk costs: 128 bytes written one after the other into a preallocated file, fdatasync after each.
type Fsync struct {
	Flushes   int     `json:"flushes"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`

	took []time.Duration
}

// measure adds a measurement in dir to those before.
func (f *Fsync) measure(dir string, length time.Duration) error {
	const size = 64 << 20
	file, err := os.OpenFile(filepath.Join(dir, "fsync"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	zeros := make([]byte, 1<<20) // written, so that no flush has to change the file's extents
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := file.WriteAt(zeros, at); err != nil {
			return err
		}
	}
	if err := file.Sync(); err != nil {
		return err
	}
	line := []byte(strings.Repeat("x", 128))
	end := time.Now().Add(length)
	for at := int64(0); time.Now().Before(end); at = (at + 128) % size {
		begun := time.Now()
		if _, err := file.WriteAt(line, at); err != nil {
			return err
		}
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return err
		}
		f.took = append(f.took, time.Since(begun))
	}
	sorted := slices.Sorted(slices.Values(f.took))
	var sum time.Duration
	for _, d := range sorted {
		sum += d
	}
	f.Flushes, f.PerSecond = len(sorted), float64(len(sorted))/sum.Seconds()
	f.P50, f.P99 = load.Percentile(sorted, 50), load.Percentile(sorted, 99)
	return nil
}

// machine describes what this ran on.
func machine() string {
	model := ""
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%d processors %s, %s", runtime.NumCPU(), model, runtime.Version()))
}
