package quickjs

import (
	"encoding/json"
	"strings"

	"github.com/stackhost/stackhost/abi"
)

type recordIn interface{ Append(dst []byte) []byte }

type recordOut interface{ Decode(b []byte) error }

// stateCalls are the structured calls that programs make by name: the request and the reply are the records as JSON, with the names that
// fields have in the abi package and bytes in base64.
var stateCalls = map[string]func() (recordIn, recordOut){
	"kv get":           func() (recordIn, recordOut) { return new(abi.KVGetRequest), new(abi.KVGetReply) },
	"kv set":           func() (recordIn, recordOut) { return new(abi.KVSetRequest), new(abi.KVSetReply) },
	"kv delete":        func() (recordIn, recordOut) { return new(abi.KVDeleteRequest), new(abi.KVDeleteReply) },
	"kv increment":     func() (recordIn, recordOut) { return new(abi.KVIncrementRequest), new(abi.KVIncrementReply) },
	"kv scan":          func() (recordIn, recordOut) { return new(abi.KVScanRequest), new(abi.KVScanReply) },
	"kv transact":      func() (recordIn, recordOut) { return new(abi.KVTransactRequest), new(abi.KVTransactReply) },
	"cache get":        func() (recordIn, recordOut) { return new(abi.CacheGetRequest), new(abi.CacheGetReply) },
	"cache fill":       func() (recordIn, recordOut) { return new(abi.CacheFillRequest), new(abi.CacheFillReply) },
	"cache put":        func() (recordIn, recordOut) { return new(abi.CachePutRequest), new(abi.CachePutReply) },
	"cache invalidate": func() (recordIn, recordOut) { return new(abi.CacheInvalidateRequest), nil },
	"cache delete":     func() (recordIn, recordOut) { return new(abi.CacheDeleteRequest), new(abi.CacheDeleteReply) },
	"cache clear":      func() (recordIn, recordOut) { return new(abi.CacheClearRequest), nil },
	"lock acquire":     func() (recordIn, recordOut) { return new(abi.LockAcquireRequest), new(abi.LockAcquireReply) },
	"lock renew":       func() (recordIn, recordOut) { return new(abi.LockRenewRequest), new(abi.LockRenewReply) },
	"lock release":     func() (recordIn, recordOut) { return new(abi.LockReleaseRequest), new(abi.LockReleaseReply) },
	"blob put":         func() (recordIn, recordOut) { return new(abi.BlobPutRequest), new(abi.BlobInfo) },
	"blob write":       func() (recordIn, recordOut) { return new(abi.BlobWriteRequest), new(abi.StreamReply) },
	"blob commit":      func() (recordIn, recordOut) { return new(abi.BlobCommitRequest), new(abi.BlobInfo) },
	"blob read":        func() (recordIn, recordOut) { return new(abi.BlobReadRequest), new(abi.BlobReadReply) },
	"blob stat":        func() (recordIn, recordOut) { return new(abi.BlobStatRequest), new(abi.BlobInfo) },
	"blob delete":      func() (recordIn, recordOut) { return new(abi.BlobDeleteRequest), new(abi.BlobDeleteReply) },
	"blob list":        func() (recordIn, recordOut) { return new(abi.BlobListRequest), new(abi.BlobListReply) },
	"secret get":       func() (recordIn, recordOut) { return new(abi.SecretGetRequest), new(abi.SecretGetReply) },
}

// state makes the call that its first argument names with the record in the second.
func (r *request) state() (uint64, error) {
	name, err := r.string(1)
	if err != nil {
		return 0, err
	}
	text, err := r.string(2)
	if err != nil {
		return 0, err
	}
	records, ok := stateCalls[name]
	if !ok {
		return 0, abi.Errorf(abi.CodeUnsupported, "this host does not know %q", name)
	}
	in, out := records()
	if err := json.Unmarshal([]byte(text), in); err != nil {
		return 0, abi.Errorf(abi.CodeInvalid, "%s: %v", name, err)
	}
	capability, function, _ := strings.Cut(name, " ")
	if out == nil {
		return integer(0), r.ask(capability, function, in.Append(nil), nil)
	}
	if err := r.ask(capability, function, in.Append(nil), out.Decode); err != nil {
		return 0, err
	}
	return r.json(out)
}
