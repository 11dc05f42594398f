package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

type record interface {
	Append(dst []byte) []byte
	Decode(b []byte) error
}

var records = map[string]func() record{
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
	"KvGetRequest":           func() record { return new(KvGetRequest) },
	"KvGetReply":             func() record { return new(KvGetReply) },
	"KvSetRequest":           func() record { return new(KvSetRequest) },
	"KvSetReply":             func() record { return new(KvSetReply) },
	"KvDeleteRequest":        func() record { return new(KvDeleteRequest) },
	"KvDeleteReply":          func() record { return new(KvDeleteReply) },
	"KvIncrementRequest":     func() record { return new(KvIncrementRequest) },
	"KvIncrementReply":       func() record { return new(KvIncrementReply) },
	"KvScanRequest":          func() record { return new(KvScanRequest) },
	"KvEntry":                func() record { return new(KvEntry) },
	"KvScanReply":            func() record { return new(KvScanReply) },
	"KvCheck":                func() record { return new(KvCheck) },
	"KvRange":                func() record { return new(KvRange) },
	"KvWrite":                func() record { return new(KvWrite) },
	"KvTransactRequest":      func() record { return new(KvTransactRequest) },
	"KvResult":               func() record { return new(KvResult) },
	"KvTransactReply":        func() record { return new(KvTransactReply) },
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

// TestVectors runs the golden vectors that every implementation of the ABI shares.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("../../../../abi/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name, Record, Hex, End string
			Repeat                 struct {
				Hex   string
				Times int
			}
			Value                          json.RawMessage
			Encodes                        bool
			Error, Truncations, May_refuse string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 100 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	canonical := map[string][]byte{} // record and value: its encoding
	for _, c := range file.Cases {
		if c.Encodes {
			canonical[c.Record+string(c.Value)] = unhex(c.Hex)
		}
	}
	for _, c := range file.Cases {
		b := append(append(unhex(c.Hex), bytes.Repeat(unhex(c.Repeat.Hex), c.Repeat.Times)...), unhex(c.End)...)
		if records[c.Record] == nil {
			t.Errorf("%s: add %s to the table of records", c.Name, c.Record)
			continue
		}
		r := records[c.Record]()
		err := r.Decode(b)
		switch {
		case c.Error != "" && err == nil:
			t.Errorf("%s: accepted, want %s", c.Name, c.Error)
			continue
		case c.Error == "" && err != nil && c.May_refuse == "":
			t.Errorf("%s: %v", c.Name, err)
			continue
		case err != nil:
			continue
		}
		// Headers, parameters and free-form values stay as they were encoded, so only other records come out shortest.
		want, ok := canonical[c.Record+string(c.Value)]
		if c.Encodes {
			want, ok = b, true
		} else if bytes.Contains(c.Value, []byte("[[")) || c.Record == "LogRecord" || c.Record == "ConfigReply" {
			ok = false
		}
		if ok {
			if got := r.Append(nil); !bytes.Equal(got, want) {
				t.Errorf("%s: encodes as %x, want %x", c.Name, got, want)
			}
		}
		if c.Truncations == "invalid" {
			for n := range b {
				if records[c.Record]().Decode(b[:n]) == nil {
					t.Errorf("%s: accepted when cut to %d bytes", c.Name, n)
					break
				}
			}
		}
	}
}
