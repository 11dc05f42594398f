package abi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"
)

type record interface {
	Append(dst []byte) []byte
	Decode(b []byte) error
}

// newRecord makes an empty record by its name in v1.json. TestRecordsAreAllTested keeps it complete.
var newRecord = map[string]func() record{
	"BootRequest":            func() record { return new(BootRequest) },
	"HttpRequest":            func() record { return new(HTTPRequest) },
	"HttpResponse":           func() record { return new(HTTPResponse) },
	"MiddlewareResult":       func() record { return new(MiddlewareResult) },
	"JobRequest":             func() record { return new(JobRequest) },
	"JobResult":              func() record { return new(JobResult) },
	"CommandRequest":         func() record { return new(CommandRequest) },
	"CommandResult":          func() record { return new(CommandResult) },
	"StreamReply":            func() record { return new(StreamReply) },
	"LogRecord":              func() record { return new(LogRecord) },
	"ConfigRequest":          func() record { return new(ConfigRequest) },
	"ConfigReply":            func() record { return new(ConfigReply) },
	"SecretRequest":          func() record { return new(SecretRequest) },
	"SecretReply":            func() record { return new(SecretReply) },
	"SupportsRequest":        func() record { return new(SupportsRequest) },
	"SupportsReply":          func() record { return new(SupportsReply) },
	"BatchRequest":           func() record { return new(BatchRequest) },
	"BatchCall":              func() record { return new(BatchCall) },
	"BatchReply":             func() record { return new(BatchReply) },
	"BatchResult":            func() record { return new(BatchResult) },
	"FetchRequest":           func() record { return new(FetchRequest) },
	"FetchResponse":          func() record { return new(FetchResponse) },
	"KvGetRequest":           func() record { return new(KVGetRequest) },
	"KvGetReply":             func() record { return new(KVGetReply) },
	"KvSetRequest":           func() record { return new(KVSetRequest) },
	"KvSetReply":             func() record { return new(KVSetReply) },
	"KvDeleteRequest":        func() record { return new(KVDeleteRequest) },
	"KvDeleteReply":          func() record { return new(KVDeleteReply) },
	"KvIncrementRequest":     func() record { return new(KVIncrementRequest) },
	"KvIncrementReply":       func() record { return new(KVIncrementReply) },
	"KvScanRequest":          func() record { return new(KVScanRequest) },
	"KvEntry":                func() record { return new(KVEntry) },
	"KvScanReply":            func() record { return new(KVScanReply) },
	"KvCheck":                func() record { return new(KVCheck) },
	"KvRange":                func() record { return new(KVRange) },
	"KvWrite":                func() record { return new(KVWrite) },
	"KvTransactRequest":      func() record { return new(KVTransactRequest) },
	"KvResult":               func() record { return new(KVResult) },
	"KvTransactReply":        func() record { return new(KVTransactReply) },
	"CacheGetRequest":        func() record { return new(CacheGetRequest) },
	"CacheGetReply":          func() record { return new(CacheGetReply) },
	"CacheFillRequest":       func() record { return new(CacheFillRequest) },
	"CacheFillReply":         func() record { return new(CacheFillReply) },
	"CachePutRequest":        func() record { return new(CachePutRequest) },
	"CachePutReply":          func() record { return new(CachePutReply) },
	"CacheInvalidateRequest": func() record { return new(CacheInvalidateRequest) },
	"CacheDeleteRequest":     func() record { return new(CacheDeleteRequest) },
	"CacheDeleteReply":       func() record { return new(CacheDeleteReply) },
	"CacheClearRequest":      func() record { return new(CacheClearRequest) },
	"LockAcquireRequest":     func() record { return new(LockAcquireRequest) },
	"LockAcquireReply":       func() record { return new(LockAcquireReply) },
	"LockRenewRequest":       func() record { return new(LockRenewRequest) },
	"LockRenewReply":         func() record { return new(LockRenewReply) },
	"LockReleaseRequest":     func() record { return new(LockReleaseRequest) },
	"LockReleaseReply":       func() record { return new(LockReleaseReply) },
	"BlobInfo":               func() record { return new(BlobInfo) },
	"BlobWriteRequest":       func() record { return new(BlobWriteRequest) },
	"BlobCommitRequest":      func() record { return new(BlobCommitRequest) },
	"BlobPutRequest":         func() record { return new(BlobPutRequest) },
	"BlobReadRequest":        func() record { return new(BlobReadRequest) },
	"BlobReadReply":          func() record { return new(BlobReadReply) },
	"BlobStatRequest":        func() record { return new(BlobStatRequest) },
	"BlobDeleteRequest":      func() record { return new(BlobDeleteRequest) },
	"BlobDeleteReply":        func() record { return new(BlobDeleteReply) },
	"BlobListRequest":        func() record { return new(BlobListRequest) },
	"BlobListReply":          func() record { return new(BlobListReply) },
	"SecretGetRequest":       func() record { return new(SecretGetRequest) },
	"SecretGetReply":         func() record { return new(SecretGetReply) },
}

type vector struct {
	Name, Record, Hex, End string
	Repeat                 struct {
		Hex   string
		Times int
	}
	Value                         json.RawMessage
	Encodes                       bool
	Error, Truncations, MayRefuse string
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

func (v *vector) bytes(t testing.TB) []byte {
	t.Helper()
	var out []byte
	for _, part := range []struct {
		hex   string
		times int
	}{{v.Hex, 1}, {v.Repeat.Hex, v.Repeat.Times}, {v.End, 1}} {
		b, err := hex.DecodeString(part.hex)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		out = append(out, bytes.Repeat(b, part.times)...)
	}
	return out
}

// fieldNames returns the fields of each record in v1.json, in order.
func fieldNames(t testing.TB) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Records []struct {
			Name   string
			Fields []struct{ Name string }
		}
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, r := range spec.Records {
		names[reflect.TypeOf(newRecord[r.Name]()).Elem().Name()] = []string{}
		for _, f := range r.Fields {
			key := reflect.TypeOf(newRecord[r.Name]()).Elem().Name()
			names[key] = append(names[key], f.Name)
		}
	}
	return names
}

func TestVectors(t *testing.T) {
	names := fieldNames(t)
	for _, v := range loadVectors(t) {
		b, want := v.bytes(t), Code(0)
		for _, c := range []Code{CodeInvalid, CodeLimit} {
			if c.String() == v.Error {
				want = c
			}
		}
		r := newRecord[v.Record]()
		err := r.Decode(b)
		if v.Error != "" {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Code != want {
				t.Errorf("%s: got %v, want %s; bytes %.80x", v.Name, err, v.Error, b)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v; bytes %.80x", v.Name, err, b)
			continue
		}
		var got, expected any
		if err := json.Unmarshal(toJSON(t, plain(names, reflect.ValueOf(r).Elem())), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(v.Value, &expected); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if !reflect.DeepEqual(got, expected) {
			t.Errorf("%s:\n got %s\nwant %s", v.Name, toJSON(t, got), toJSON(t, expected))
		}
		if out := r.Append(nil); v.Encodes && !bytes.Equal(out, b) {
			t.Errorf("%s: encodes as\n     %x\nwant %x", v.Name, out, b)
		}
		for n := 0; v.Truncations != "" && n < len(b); n++ {
			e := (*Error)(nil)
			if err := newRecord[v.Record]().Decode(b[:n:n]); !errors.As(err, &e) || e.Code.String() != v.Truncations {
				t.Errorf("%s, first %d of %d bytes: got %v, want %s", v.Name, n, len(b), err, v.Truncations)
			}
		}
	}
}

// A record that held something else must hold only what it decodes.
func TestDecodeReplacesEverything(t *testing.T) {
	for _, v := range loadVectors(t) {
		if v.Error != "" {
			continue
		}
		fresh, used := newRecord[v.Record](), newRecord[v.Record]()
		for _, w := range loadedFull[v.Record] {
			if err := used.Decode(w); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(fresh.Decode(v.bytes(t)), used.Decode(v.bytes(t))); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if a, b := fresh.Append(nil), used.Append(nil); !bytes.Equal(a, b) {
			t.Errorf("%s: a reused record has %x, want %x", v.Name, b, a)
		}
	}
}

// loadedFull has the full encoding of each record.
var loadedFull = func() map[string][][]byte {
	full := map[string][][]byte{}
	text, _ := os.ReadFile("testdata/vectors.json")
	var file struct{ Cases []vector }
	_ = json.Unmarshal(text, &file)
	for _, v := range file.Cases {
		if v.Name == v.Record+": full" {
			b, _ := hex.DecodeString(v.Hex)
			full[v.Record] = append(full[v.Record], b)
		}
	}
	return full
}()

func TestRecordsAreAllTested(t *testing.T) {
	fieldNames(t) // panics on a record that newRecord lacks
	seen := map[string]bool{}
	for _, v := range loadVectors(t) {
		seen[v.Record] = true
	}
	for name := range newRecord {
		if !seen[name] || len(loadedFull[name]) != 1 {
			t.Errorf("no vectors for %s", name)
		}
	}
}

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plain renders a record the way vectors.json does; docs/abi.md describes it.
func plain(names map[string][]string, v reflect.Value) any {
	switch x := v.Interface().(type) {
	case Header:
		return []any{plain(names, reflect.ValueOf(string(x.Name))), plain(names, reflect.ValueOf(x.Value))}
	case Pair:
		return []any{plain(names, reflect.ValueOf(x.Name)), plain(names, reflect.ValueOf(x.Value))}
	}
	switch v.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		for i, name := range names[v.Type().Name()] {
			out[name] = plain(names, v.Field(i))
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return map[string]any{"hex": hex.EncodeToString(v.Bytes())}
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(names, v.Index(i))
		}
		return list
	case reflect.Map:
		pairs := [][]any{}
		for _, k := range v.MapKeys() {
			pairs = append(pairs, []any{k.String(), plain(names, v.MapIndex(k))})
		}
		slices.SortFunc(pairs, func(a, b []any) int { return bytes.Compare([]byte(a[0].(string)), []byte(b[0].(string))) })
		return map[string]any{"map": pairs}
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(names, v.Elem())
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return map[string]any{"hex": hex.EncodeToString([]byte(v.String()))}
		}
		return v.String()
	case reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return map[string]any{"float": strconv.FormatFloat(v.Float(), 'g', -1, 64)}
		}
		text, _ := json.Marshal(v.Float())
		return map[string]any{"float": string(text)}
	case reflect.Uint64:
		if v.Uint() > 1<<53 {
			return map[string]any{"int": strconv.FormatUint(v.Uint(), 10)}
		}
	case reflect.Int64:
		if v.Int() > 1<<53 || v.Int() < -1<<53 {
			return map[string]any{"int": strconv.FormatInt(v.Int(), 10)}
		}
	}
	return v.Interface()
}
