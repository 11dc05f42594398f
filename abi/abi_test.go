package abi

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

func ExampleHTTPResponse_Append() {
	response := HTTPResponse{
		Status:  200,
		Headers: Headers{{Name: []byte("content-type"), Value: []byte("text/plain")}},
		Body:    []byte("hello"),
	}
	record := response.Append(nil)
	fmt.Printf("% x\n", record)

	var decoded HTTPResponse
	if err := decoded.Decode(record); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%d %s: %s, %q\n", decoded.Status, decoded.Headers[0].Name, decoded.Headers[0].Value, decoded.Body)
	// Output:
	// 93 cc c8 92 ac 63 6f 6e 74 65 6e 74 2d 74 79 70 65 c4 0a 74 65 78 74 2f 70 6c 61 69 6e c4 05 68 65 6c 6c 6f
	// 200 content-type: text/plain, "hello"
}

// The bytes drawn in the reference page are those that this package makes and reads.
func TestReferencePageShowsRealBytes(t *testing.T) {
	page, err := os.ReadFile("../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```\n((?:[0-9a-f ]{3,36} *[^\n]*array of).*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("found %d drawings of records, want a request and a response", len(blocks))
	}
	for i, r := range []record{new(HTTPRequest), new(HTTPResponse)} {
		var b []byte
		for line := range strings.Lines(string(blocks[i][1])) {
			row, err := hex.DecodeString(strings.ReplaceAll(line[:min(37, len(strings.TrimRight(line, "\n")))], " ", ""))
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			b = append(b, row...)
		}
		if err := r.Decode(b); err != nil {
			t.Fatal(err)
		}
		if out := r.Append(nil); !bytes.Equal(out, b) {
			t.Errorf("the page shows %x, the encoder makes %x", b, out)
		}
		if size := fmt.Sprintf(" %d", len(b)); !bytes.Contains(page, []byte(size)) {
			t.Errorf("the page does not say that the record has%s bytes", size)
		}
	}
}

func TestPack(t *testing.T) {
	for _, c := range []struct {
		ptr, n uint32
		want   uint64
	}{{0, 0, 0}, {65536, 36, 0x1_0000_0000_0024}, {math.MaxInt32, math.MaxUint32, math.MaxInt64}} {
		if got := Pack(c.ptr, c.n); got != c.want || int64(got) < 0 {
			t.Errorf("Pack(%d, %d) = %#x, want %#x", c.ptr, c.n, got, c.want)
		}
		if ptr, n := Unpack(c.want); ptr != c.ptr || n != c.n {
			t.Errorf("Unpack(%#x) = %d, %d, want %d, %d", c.want, ptr, n, c.ptr, c.n)
		}
	}
}

// Codes are for ever; this table is a copy on purpose.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		code   Code
		name   string
		retry  bool
		status int
	}{
		{-1, "internal", false, 500}, {-2, "invalid", false, 400}, {-3, "unsupported", false, 501}, {-4, "denied", false, 403},
		{-5, "not_found", false, 404}, {-6, "conflict", false, 409}, {-7, "limit", false, 413}, {-8, "deadline", true, 504},
		{-9, "cancelled", false, 499}, {-10, "closed", false, 500}, {-11, "unavailable", true, 503}, {-12, "again", true, 503},
		{-13, "quota", false, 507}, {-14, "storage_full", true, 507},
		{-500, "code(-500)", false, 500}, {-1000, "guest(-1000)", false, 500}, {math.MinInt64, "guest(-9223372036854775808)", false, 500},
		{0, "code(0)", false, 500},
	} {
		if c.code.String() != c.name || c.code.Retry() != c.retry || c.code.Status() != c.status {
			t.Errorf("%d: got %s, %v, %d, want %s, %v, %d", int64(c.code), c.code, c.code.Retry(), c.code.Status(), c.name, c.retry, c.status)
		}
		if _, known := codes[c.code]; known && c.code.Doc() == "" {
			t.Errorf("%s has no doc", c.code)
		}
	}
	var coded *Error
	if err := fmt.Errorf("send: %w", Errorf(CodeDenied, "host %q", "a")); !errors.As(err, &coded) || coded.Code != CodeDenied || coded.Text != `host "a"` {
		t.Errorf("got %v", coded)
	}
}

func TestTables(t *testing.T) {
	for _, tr := range Triggers {
		if !tr.Reserved && (newRecord[tr.Request] == nil || newRecord[tr.Response] == nil) {
			t.Errorf("trigger %s has records %q and %q, which do not exist", tr.Name, tr.Request, tr.Response)
		}
	}
	functions := map[string]bool{}
	for _, c := range Capabilities {
		for _, f := range c.Functions {
			functions[c.Name+" "+f.Name] = true
			if f.Shape == "call" && newRecord[f.Request] == nil || f.Reply != "" && newRecord[f.Reply] == nil {
				t.Errorf("%s %s has records %q and %q, which do not exist", c.Name, f.Name, f.Request, f.Reply)
			}
			if f.Shape == "direct" && len(f.Params) == 0 {
				t.Errorf("%s %s has no params", c.Name, f.Name)
			}
		}
	}
	for _, name := range []string{"core take", "core error", "http respond", "fetch send"} {
		if !functions[name] {
			t.Errorf("%s is missing", name)
		}
	}
	for _, e := range Exports {
		if e.Name == ExportAlloc && (!e.Required || len(e.Params) != 1 || e.Params[0] != "i32") {
			t.Errorf("stackhost_alloc is %+v", e)
		}
	}
}

func TestAppendAnyRefuses(t *testing.T) {
	deep := func(n int) any {
		var v any = []any{}
		for range n - 1 {
			v = []any{v}
		}
		return v
	}
	for _, c := range []struct {
		name  string
		value any
		want  Code
	}{
		{"a type that MessagePack has no form for", make(chan int), CodeInvalid},
		{"text that is not UTF-8", "\xff", CodeInvalid},
		{"a key that is not UTF-8", map[string]any{"\xff": 1}, CodeInvalid},
		{"such text deep inside", []any{map[string]any{"a": []any{"\xff"}}}, CodeInvalid},
		{"nesting too deep for a field", deep(LimitDepth), CodeLimit},
		{"nesting as deep as fits", deep(LimitDepth - 1), 0},
		{"a scalar at the bottom", map[string]any{"n": 1, "u": uint64(2), "f": 0.5, "b": []byte{1}, "s": "", "z": nil}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := AppendAny(nil, c.value)
			var coded *Error
			if errors.As(err, &coded) != (c.want != 0) || coded != nil && coded.Code != c.want {
				t.Fatalf("got %v, want code %d", err, c.want)
			}
			if err != nil {
				return
			}
			var r ConfigReply
			if err := r.Decode(append([]byte{0x91}, b...)); err != nil {
				t.Errorf("what was written cannot be read: %v", err)
			}
		})
	}
	// A record whose value cannot be written still is a record.
	if b := (&ConfigReply{Value: "\xff"}).Append(nil); !bytes.Equal(b, []byte{0x91, 0xc0}) {
		t.Errorf("got %x, want nil in its place", b)
	}
}

func TestPagesAreAsLongAsTheStoreMakesThem(t *testing.T) {
	for _, n := range []int{LimitPageEntries, LimitPageEntries + 1} {
		page := KVScanReply{Entries: make([]KVEntry, n)}
		var got KVScanReply
		if err := got.Decode(page.Append(nil)); (err == nil) != (n <= LimitPageEntries) {
			t.Errorf("%d entries: %v", n, err)
		}
	}
}
