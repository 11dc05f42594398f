package wire

import (
	"bytes"
	"reflect"
	"testing"
)

func sample() HTTPRequest {
	r := HTTPRequest{
		Method: "POST", Path: "/a", Query: "q=1", Scheme: "https", Host: "h", Body: []byte("body"), BodyLength: -1, Remote: "::1",
		ID: "id", Route: "/", TimeoutMs: 70_000, TimeUs: 1 << 50, Random: bytes.Repeat([]byte{7}, 16),
	}
	r.Headers.AddHeader("accept", "*/*")
	r.Headers.AddHeader("x-bin", "\xff\x00")
	r.Params.AddPair("name", "value")
	return r
}

func TestRecordsRoundTrip(t *testing.T) {
	want := sample()
	var got HTTPRequest
	if err := got.Decode(want.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Append(nil), want.Append(nil)) || got.Method != "POST" || got.TimeUs != 1<<50 || got.BodyLength != -1 {
		t.Errorf("got %+v", got)
	}
	if v, ok := got.Headers.Get("x-bin"); v != "\xff\x00" || !ok {
		t.Errorf("header: got %q", v)
	}
	batch := BatchRequest{Calls: []BatchCall{{Capability: "core", Function: "config", Request: []byte{0x91, 0xa1, 'k'}}, {Function: "f"}}}
	var back BatchRequest
	if err := back.Decode(batch.Append(nil)); err != nil || len(back.Calls) != 2 || back.Calls[0].Function != "config" {
		t.Errorf("batch: got %+v, %v", back, err)
	}
}

// TestVersionGrowth reads records of an older and of a newer host.
func TestVersionGrowth(t *testing.T) {
	var r HTTPResponse
	if err := r.Decode([]byte{0x90}); err != nil || r.Status != 200 {
		t.Errorf("no elements: %+v, %v", r, err)
	}
	if err := r.Decode([]byte{0x92, 0xc0, 0x92, 0xa1, 'a', 0xa1, 'b'}); err != nil || r.Status != 200 || r.Headers.Len() != 1 {
		t.Errorf("nil status: %+v, %v", r, err)
	}
	newer := []byte{0x95, 0xcc, 201, 0x90, 0xc4, 1, 'x', 0x82, 1, 2, 3, 0x91, 4, 0xc0}
	if err := r.Decode(newer); err != nil || r.Status != 201 || string(r.Body) != "x" {
		t.Errorf("two more elements: %+v, %v", r, err)
	}
}

func TestAny(t *testing.T) {
	v := map[string]any{"n": nil, "i": int64(-70000), "f": 1.5, "s": "x", "b": []byte{1}, "l": []any{int64(1), true, "y"}, "m": map[string]any{"k": int64(255)}}
	b, ok := AppendAny(nil, v)
	r := NewReader(b)
	if got := r.Any(); !ok || r.Err() != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("got %v, %v", got, r.Err())
	}
	if _, ok := AppendAny(nil, struct{}{}); ok {
		t.Error("a struct was accepted")
	}
	deep := bytes.Repeat([]byte{0x91}, 40)
	r = NewReader(append(deep, 1))
	if r.Any(); r.Err() == nil {
		t.Error("40 levels were accepted")
	}
	r = NewReader(append(deep, 1))
	if r.Skip(); r.Err() == nil {
		t.Error("40 levels were skipped")
	}
}

// FuzzDecode holds that no bytes make the decoders panic, and that Index agrees with Decode.
func FuzzDecode(f *testing.F) {
	r := sample()
	f.Add(r.Append(nil))
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x91, 0xc6, 0x80, 0, 0, 0})
	f.Add([]byte{0x9f, 0xdf, 0, 0, 0, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var req HTTPRequest
		decoded := req.Decode(b) == nil
		var at [HTTPRequestElements]uint32
		n := Index(b, at[:])
		if decoded && n < 0 {
			t.Fatalf("Decode accepts what Index refuses: %x", b)
		}
		for i := range max(n, 0) {
			e := At(b, at[i])
			e.Str()
			e = At(b, at[i])
			e.Fields(LimitHeaders)
			e = At(b, at[i])
			e.Uint()
		}
		for name, v := range req.Headers.All {
			_ = name + v
		}
		new(FetchResponse).Decode(b)
		new(BatchReply).Decode(b)
		rest := NewReader(b)
		rest.Any()
	})
}
