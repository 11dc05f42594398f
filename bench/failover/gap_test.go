package main

import (
	"testing"
	"time"
)

func TestGap(t *testing.T) {
	zero := time.Now()
	at := func(ms ...int) (all []time.Time) {
		for _, m := range ms {
			all = append(all, zero.Add(time.Duration(m)*time.Millisecond))
		}
		return all
	}
	for _, c := range []struct {
		happened []int
		want     int
	}{
		{nil, 100},
		{[]int{50}, 50},
		{[]int{10, 90, 20}, 70},
		{[]int{60, 70, 80, 90, 100}, 60},
		{[]int{-5, 110, 10, 20}, 80}, // what is outside does not count
	} {
		if got := gap(at(c.happened...), zero, zero.Add(100*time.Millisecond)); got != time.Duration(c.want)*time.Millisecond {
			t.Errorf("%v: %v, want %d ms", c.happened, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]time.Duration{3 * time.Second, time.Millisecond, 2 * time.Millisecond}); got != 2 {
		t.Errorf("%v ms, want 2", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("%v ms of nothing", got)
	}
}
