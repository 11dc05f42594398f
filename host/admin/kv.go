package admin

import (
	"time"

	"github.com/stackhost/stackhost/raftstore/state"
)

// KVEntry is a key in a listing.
type KVEntry struct {
	Key     string     `json:"key" doc:"as text"`
	Raw     []byte     `json:"key_base64,omitempty" doc:"the key, when it is not UTF-8"`
	Value   []byte     `json:"value,omitempty" doc:"left out with keys=true"`
	Version uint64     `json:"version" doc:"rises with each write of the key"`
	Expires *time.Time `json:"expires,omitempty"`
}

// KVPage is one page of a listing.
type KVPage struct {
	Entries []KVEntry `json:"entries"`
	Next    string    `json:"next,omitempty" doc:"what to give as page for the following entries; missing on the last page"`
}

// KVNumber is the outcome of an increment.
type KVNumber struct {
	Value   int64  `json:"value"`
	Version uint64 `json:"version"`
}

// KVTxn is a transaction: when all conditions hold all operations are done, else none.
type KVTxn struct {
	Guards []KVGuard `json:"guards,omitempty"`
	Ranges []KVRange `json:"ranges,omitempty"`
	Ops    []KVOp    `json:"ops" doc:"at most 64, the conditions included"`
}

// KVGuard is a condition on one key.
type KVGuard struct {
	NS      string `json:"ns"`
	Key     string `json:"key,omitempty"`
	Raw     []byte `json:"key_base64,omitempty" doc:"instead of key"`
	Version uint64 `json:"version" doc:"what the key's version must be; 0: the key must be absent"`
}

// KVRange is a condition on all keys with a prefix.
type KVRange struct {
	NS     string `json:"ns"`
	Prefix string `json:"prefix"`
	Since  uint64 `json:"since" doc:"no key with the prefix may have changed after this index"`
}

// KVOp is one write of a transaction.
type KVOp struct {
	Op    string `json:"op" doc:"set, delete or increment"`
	NS    string `json:"ns"`
	Key   string `json:"key,omitempty"`
	Raw   []byte `json:"key_base64,omitempty" doc:"instead of key"`
	Value []byte `json:"value,omitempty" doc:"for set"`
	Delta int64  `json:"delta,omitempty" doc:"for increment"`
	TTL   string `json:"ttl,omitempty" doc:"for set: a duration such as 30s after which the key goes away"`
}

// KVOpResult is the outcome of one write of a transaction.
type KVOpResult struct {
	Version uint64 `json:"version" doc:"the key's, 0 after delete"`
	Existed bool   `json:"existed" doc:"before"`
	Value   *int64 `json:"value,omitempty" doc:"of increment: the sum"`
}

// KVTxnReply is the outcome of a transaction.
type KVTxnReply struct {
	Results []KVOpResult `json:"results" doc:"one for each operation"`
}

// KVChange is one line of a watch: a change, or only the index up to which everything was told.
type KVChange struct {
	Key     string `json:"key,omitempty"`
	Raw     []byte `json:"key_base64,omitempty"`
	Value   []byte `json:"value,omitempty"`
	Version uint64 `json:"version,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
	Index   uint64 `json:"index,omitempty" doc:"everything up to this index was told: what to give as from after the connection broke"`
	Error   string `json:"error,omitempty" doc:"why the watch ends"`
}

var full = Refusal(507, "quota", "The app's quota is used up, or the disk is full (`storage_full`).")

var kvVersion = []Param{{In: Header, Name: "ETag", Doc: "the key's version in quotes"}}

var kvIndex = []Param{{In: Header, Name: IndexHeader, Type: "integer", Doc: "the index that the page is from: as from it watches what follows"}}

var kvGuards = []Param{
	{In: Header, Name: "If-Match", Doc: `"<version>": only when that is the key's version`},
	{In: Header, Name: "If-None-Match", Doc: "*: only when the key is absent"},
}

var kvConflict = Refusal(412, "conflict", "The condition does not hold; nothing was done.")

const kvPath = "/v1/apps/{app}/kv/{ns}/{key...}"

func kvRoutes(s Services) []Route {
	k := kvAPI{s}
	return []Route{{
		Method: "GET", Path: kvPath, ID: "kvGet", Summary: "Read a key", Scope: Read, Params: consistency, Handle: k.get,
		Answers: []Answer{{Status: 200, Doc: "The value.", Media: "application/octet-stream", Headers: kvVersion},
			Refusal(404, "not_found", "The key is absent.")},
	}, {
		Method: "PUT", Path: kvPath, ID: "kvSet", Summary: "Write a key", Scope: Write, Data: true, Handle: k.set,
		Params:  concat(kvGuards, []Param{{In: Query, Name: "ttl", Type: "duration", Doc: "how long the key lives"}}, once),
		Body:    &Body{Media: "application/octet-stream", Doc: "The value.", Limit: state.KVMaxValue, Optional: true},
		Answers: []Answer{{Status: 204, Doc: "Written.", Headers: kvVersion}, kvConflict, sessionGone, full},
	}, {
		Method: "DELETE", Path: kvPath, ID: "kvDelete", Summary: "Delete a key", Scope: Write, Data: true, Handle: k.delete,
		Params:  concat(kvGuards[:1], once),
		Answers: []Answer{{Status: 204, Doc: "Deleted."}, Refusal(404, "not_found", "The key was absent already."), kvConflict, sessionGone},
	}, {
		Method: "POST", Path: kvPath, ID: "kvIncrement", Summary: "Add to a counter", Scope: Write, Data: true, Handle: k.increment,
		Doc:    "A counter's value is a decimal number as text. An absent key counts as 0.",
		Params: concat([]Param{{In: Query, Name: "increment", Type: "integer", Required: true, Doc: "what to add; may be negative"}}, once),
		Answers: []Answer{{Status: 200, Doc: "Added.", Type: KVNumber{}},
			Refusal(409, "conflict", "The value is not a number, or would not fit into 64 bits."), sessionGone, full},
	}, {
		Method: "GET", Path: "/v1/apps/{app}/kv/{ns}", ID: "kvList", Summary: "List or watch keys in order", Scope: Read, Wait: true, Handle: k.list,
		Doc: "A watch begins with a line that has only index. It ends with a line that has error when the changes after from are not kept any " +
			"more: list again and watch from the index of that. After a broken connection ask again with the last index; versions tell what was seen.",
		Params: concat(listing, []Param{
			{In: Query, Name: "keys", Type: "boolean", Doc: "leave out values"},
			{In: Query, Name: "reverse", Type: "boolean", Doc: "in descending order"},
			{In: Query, Name: "watch", Type: "boolean", Doc: "answer with changes as they happen: one JSON object a line (KVChange)"},
			{In: Query, Name: "from", Type: "integer", Doc: "of a watch: changes after this index, default the present one"},
		}, consistency),
		Answers: []Answer{{Status: 200, Doc: "A page; with watch=true application/x-ndjson of KVChange without end.", Type: KVPage{},
			Headers: kvIndex}},
	}, {
		Method: "POST", Path: "/v1/apps/{app}/kv:txn", ID: "kvTxn", Summary: "Write several keys together", Scope: Write, Data: true, Handle: k.txn,
		Params: once, Body: &Body{Doc: "Values are base64.", Type: KVTxn{}},
		Answers: []Answer{{Status: 200, Doc: "Done.", Type: KVTxnReply{}},
			Refusal(409, "conflict", "A guard does not hold; nothing was done."), sessionGone, full},
	}}
}
