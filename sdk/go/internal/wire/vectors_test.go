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
	"BootRequest":      func() record { return new(BootRequest) },
	"HttpRequest":      func() record { return new(HTTPRequest) },
	"HttpResponse":     func() record { return new(HTTPResponse) },
	"MiddlewareResult": func() record { return new(MiddlewareResult) },
	"JobRequest":       func() record { return new(JobRequest) },
	"JobResult":        func() record { return new(JobResult) },
	"StreamReply":      func() record { return new(StreamReply) },
	"LogRecord":        func() record { return new(LogRecord) },
	"ConfigRequest":    func() record { return new(ConfigRequest) },
	"ConfigReply":      func() record { return new(ConfigReply) },
	"SecretRequest":    func() record { return new(SecretRequest) },
	"SecretReply":      func() record { return new(SecretReply) },
	"SupportsRequest":  func() record { return new(SupportsRequest) },
	"SupportsReply":    func() record { return new(SupportsReply) },
	"BatchRequest":     func() record { return new(BatchRequest) },
	"BatchCall":        func() record { return new(BatchCall) },
	"BatchReply":       func() record { return new(BatchReply) },
	"BatchResult":      func() record { return new(BatchResult) },
	"FetchRequest":     func() record { return new(FetchRequest) },
	"FetchResponse":    func() record { return new(FetchResponse) },
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
