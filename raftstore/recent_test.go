package raftstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRecentKnowsTheLastValueOrNone fills both generations several times over.
func TestRecentKnowsTheLastValueOrNone(t *testing.T) {
	var r recent
	model := map[string][]byte{}
	random := rand.New(rand.NewPCG(1, 2))
	known, asked := 0, 0
	for i := range 400_000 {
		key := fmt.Sprint(random.IntN(1 + random.IntN(60_000)))
		switch random.IntN(4) {
		case 0:
			value := bytes.Repeat([]byte{byte(i)}, random.IntN(300))
			if random.IntN(100) == 0 {
				value = make([]byte, recentLongest+1)
			}
			r.put([]byte(key), value, true)
			model[key] = bytes.Clone(value)
			clear(value) // what was given is not kept
		case 1:
			r.put([]byte(key), nil, false)
			delete(model, key)
		default:
			asked++
			if v, ok := r.get([]byte(key)); ok {
				known++
				if want, there := model[key]; v.there != there || !bytes.Equal(v.value, want) {
					t.Fatalf("%s: %d bytes, %v; want %d bytes, %v", key, len(v.value), v.there, len(want), there)
				}
			}
		}
	}
	if known < asked/4 || known == asked {
		t.Errorf("%d of %d were known", known, asked)
	}
}
