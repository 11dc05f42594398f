package abi

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// recordNames gives fuzzing a stable order.
var recordNames = func() []string {
	var names []string
	for name := range newRecord {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

// FuzzRecords decodes bytes as every record: an error is an *Error with CodeInvalid or CodeLimit; what decodes encodes again,
// into bytes that decode to the same and encode to themselves. Seeds are the golden vectors.
func FuzzRecords(f *testing.F) {
	for _, v := range loadVectors(f) {
		if v.Repeat.Times == 0 {
			f.Add(uint8(slices.Index(recordNames, v.Record)), v.bytes(f))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		name := recordNames[int(which)%len(recordNames)]
		kept := bytes.Clone(b)
		first := newRecord[name]()
		err := first.Decode(b)
		if !bytes.Equal(b, kept) {
			t.Fatalf("%s: decoding changed its input", name)
		}
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Code != CodeInvalid && e.Code != CodeLimit {
				t.Fatalf("%s: %v is not an invalid or limit Error", name, err)
			}
			return
		}
		once := first.Append(nil)
		second := newRecord[name]()
		if err := second.Decode(once); err != nil {
			t.Fatalf("%s: decoding %x gave a value that encodes as %x: %v", name, b, once, err)
		}
		if twice := second.Append(nil); !bytes.Equal(once, twice) {
			t.Fatalf("%s: encodes as %x, then as %x", name, once, twice)
		}
		// Encoding appends: what stands before it stays.
		if out := second.Append([]byte("kept")); !bytes.Equal(out, append([]byte("kept"), once...)) {
			t.Fatalf("%s: appending to a prefix gave %x", name, out)
		}
	})
}

// FuzzAny reads free-form data, and skips it: both accept the same lengths, and what was read encodes again.
func FuzzAny(f *testing.F) {
	for _, v := range loadVectors(f) {
		if v.Record == "ConfigReply" && v.Repeat.Times == 0 {
			if b := v.bytes(f); len(b) > 1 {
				f.Add(b[1:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(b)
		v := d.Any()
		if err := d.End(); err != nil {
			return
		}
		skip := NewDecoder(b)
		skip.Skip()
		if err := skip.End(); err != nil {
			t.Fatalf("%x reads as %v but cannot be skipped: %v", b, v, err)
		}
		out, err := AppendAny(nil, v)
		if e := (*Error)(nil); errors.As(err, &e) && e.Code == CodeLimit && len(b) >= LimitDepth {
			return // as deep as a record of its own, too deep to be a field
		}
		if err != nil {
			t.Fatalf("%x reads as %v, which cannot be written: %v", b, v, err)
		}
		d = NewDecoder(out)
		again := d.Any()
		if err := d.End(); err != nil || !same(v, again) {
			t.Fatalf("%x reads as %#v, then as %#v (%v)", b, v, again, err)
		}
	})
}

// same is DeepEqual where NaN equals NaN and empty slices are alike.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && math.Float64bits(a) == math.Float64bits(b)
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// What a decoder allocates is bounded by its input, whatever that announces.
func TestDecodeAllocationIsBounded(t *testing.T) {
	const size = 256 << 10
	fill := func(head []byte, each string) []byte { // an array that each fills
		n := (size - 16) / len(each)
		b := append(append([]byte{}, head...), 0xdd, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		return append(b, bytes.Repeat([]byte(each), n)...)
	}
	free := func(each string) []byte { return fill([]byte{0x91}, each) }
	for _, c := range []struct {
		name, record string
		bytes        []byte
	}{
		{"announced array of 2^32", "ConfigReply", []byte{0x91, 0xdd, 0xff, 0xff, 0xff, 0xff}},
		{"announced map of 2^32", "ConfigReply", []byte{0x91, 0xdf, 0xff, 0xff, 0xff, 0xff}},
		{"announced text of 4 GiB", "ConfigReply", []byte{0x91, 0xdb, 0xff, 0xff, 0xff, 0xff}},
		{"announced headers of 2^32", "HttpResponse", []byte{0x93, 0xcc, 0xc8, 0xdd, 0xff, 0xff, 0xff, 0xff}},
		{"array of nils", "ConfigReply", free("\xc0")},
		{"array of empty arrays", "ConfigReply", free("\x90")},
		{"array of empty maps", "ConfigReply", free("\x80")},
		{"array of maps of one", "ConfigReply", free("\x81\xa0\xc0")},
		{"array of empty texts", "ConfigReply", free("\xa0")},
		{"array of empty bins", "ConfigReply", free("\xc4\x00")},
		{"array of large integers", "ConfigReply", free("\xcd\x10\x00")},
		{"empty calls", "BatchRequest", free("\x90")},
		{"empty results", "BatchReply", free("\x90")},
		{"empty entries", "KvScanReply", free("\x90")},
		{"a page of empty blobs", "BlobListReply", append([]byte{0x91, 0xdc, 0x03, 0xe8}, bytes.Repeat([]byte("\x90"), 1000)...)},
		{"empty names", "MiddlewareResult", fill([]byte{0x94, 0xc0, 0xc0, 0xc0}, "\xa0")},
		{"headers over the limit", "FetchResponse", fill([]byte{0x92, 0xcc, 0xc8}, "\xa0\xa0")},
	} {
		t.Run(c.name, func(t *testing.T) {
			// TotalAlloc counts the whole process, so something else may add to one
			// reading; decoding itself allocates the same each time.
			got := uint64(math.MaxUint64)
			var err error
			for range 5 {
				r := newRecord[c.record]()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err = r.Decode(c.bytes)
				runtime.ReadMemStats(&after)
				got = min(got, after.TotalAlloc-before.TotalAlloc)
			}
			t.Logf("%d bytes in, %d allocated (%.0f times), error %v", len(c.bytes), got, float64(got)/float64(len(c.bytes)), err)
			if max := uint64(128*len(c.bytes) + 4096); got > max {
				t.Errorf("allocated %d bytes for an input of %d; at most %d are fine", got, len(c.bytes), max)
			}
		})
	}
}
