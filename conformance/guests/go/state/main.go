// Command state is the Go guest of the suite's state cases: keys, caches, locks, blobs and secrets.
package main

import (
	"errors"
	"io"
	"strconv"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

func main() {}

// route adds a route whose errors of host calls are answers.
func route(pattern string, f func(w *stackhost.Response, r *stackhost.Request) error) {
	stackhost.Handle(pattern, func(w *stackhost.Response, r *stackhost.Request) error {
		err := f(w, r)
		if e := (*stackhost.Error)(nil); errors.As(err, &e) {
			return w.JSON(stackhost.Object{{Name: "code", Value: int64(e.Code)}, {Name: "error", Value: e.Text}})
		}
		return err
	})
}

const (
	cache = stackhost.Cache("conformance")
	locks = stackhost.Locks("conformance")
	blobs = stackhost.Blobs("conformance")
)

func kv(r *stackhost.Request) stackhost.KV {
	if n := r.Query().Get("namespace"); n != "" {
		return stackhost.KV(n)
	}
	return "conformance"
}

func number(r *stackhost.Request, name string) int64 {
	n, _ := strconv.ParseInt(r.Query().Get(name), 10, 64)
	return n
}

func millis(r *stackhost.Request, name string) time.Duration {
	return time.Duration(number(r, name)) * time.Millisecond
}

// code is that of an error of a host call, 0 of none.
func code(err error) int64 {
	if e := (*stackhost.Error)(nil); errors.As(err, &e) {
		return int64(e.Code)
	}
	return 0
}

func init() {
	route("GET /t/state", func(w *stackhost.Response, r *stackhost.Request) error { return w.Text("state") })
	route("GET /t/state/kv/get", func(w *stackhost.Response, r *stackhost.Request) error {
		e, found, err := kv(r).Get(r.Query().Get("key"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "found", Value: found}, {Name: "value", Value: string(e.Value)}})
	})
	route("POST /t/state/kv/set", func(w *stackhost.Response, r *stackhost.Request) error {
		body, err := r.Bytes(1 << 20)
		if err != nil {
			return err
		}
		options := []stackhost.SetOption{stackhost.TTL(millis(r, "ttl"))}
		if r.Query().Get("if") == "absent" {
			options = append(options, stackhost.IfAbsent())
		}
		version, err := kv(r).Set(r.Query().Get("key"), body, options...)
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "version", Value: int64(version)}})
	})
	route("POST /t/state/kv/delete", func(w *stackhost.Response, r *stackhost.Request) error {
		existed, err := kv(r).Delete(r.Query().Get("key"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "existed", Value: existed}})
	})
	route("POST /t/state/kv/increment", func(w *stackhost.Response, r *stackhost.Request) error {
		sum, err := kv(r).Increment(r.Query().Get("key"), number(r, "delta"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "value", Value: sum}})
	})
	route("GET /t/state/kv/scan", func(w *stackhost.Response, r *stackhost.Request) error {
		page, err := kv(r).Scan(stackhost.Scan{Limit: int(number(r, "limit"))})
		if err != nil {
			return err
		}
		keys := []string{}
		for _, e := range page.Entries {
			keys = append(keys, e.Key)
		}
		return w.JSON(stackhost.Object{{Name: "keys", Value: keys}, {Name: "more", Value: page.Next != ""}})
	})
	route("POST /t/state/kv/transact", func(w *stackhost.Response, r *stackhost.Request) error {
		body, err := r.Bytes(1 << 20)
		if err != nil {
			return err
		}
		var t stackhost.Txn
		key := r.Query().Get("key")
		written, err := t.Check(kv(r), key, uint64(number(r, "version"))).Set(kv(r), key, body).Increment(kv(r), "b", 1).Commit()
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "results", Value: len(written)}, {Name: "count", Value: written[len(written)-1].Value}})
	})
	route("POST /t/state/kv/range", kvRange)
	route("GET /t/state/cache/get", func(w *stackhost.Response, r *stackhost.Request) error {
		value, found, err := cache.Get(r.Query().Get("key"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "found", Value: found}, {Name: "value", Value: string(value)}})
	})
	route("POST /t/state/cache/put", func(w *stackhost.Response, r *stackhost.Request) error {
		body, err := r.Bytes(1 << 20)
		if err != nil {
			return err
		}
		err = cache.Put(r.Query().Get("key"), body, stackhost.For(millis(r, "ttl")), stackhost.Tags(r.Query().Get("tag")))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "ok", Value: true}})
	})
	route("POST /t/state/cache/fill", func(w *stackhost.Response, r *stackhost.Request) error {
		filled := false
		value, err := cache.Remember(r.Query().Get("key"), func() ([]byte, error) {
			filled = true
			return r.Bytes(1 << 20)
		}, stackhost.Tags(r.Query().Get("tag")))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "value", Value: string(value)}, {Name: "filled", Value: filled}})
	})
	route("POST /t/state/cache/invalidate", func(w *stackhost.Response, r *stackhost.Request) error {
		if err := cache.Invalidate(r.Query().Get("tag")); err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "ok", Value: true}})
	})
	route("POST /t/state/lock", lock)
	route("POST /t/state/lock/renew", lockRenew)
	route("POST /t/state/lock/wait", lockWait)
	route("POST /t/state/blob/put", func(w *stackhost.Response, r *stackhost.Request) error {
		body, err := r.Bytes(1 << 20)
		if err != nil {
			return err
		}
		info, err := blobs.Put(r.Query().Get("key"), body, stackhost.BlobOptions{ContentType: "text/plain"})
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "size", Value: info.Size}})
	})
	route("POST /t/state/blob/create", blobCreate)
	route("POST /t/state/blob/delete", func(w *stackhost.Response, r *stackhost.Request) error {
		existed, err := blobs.Delete(r.Query().Get("key"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "existed", Value: existed}})
	})
	route("GET /t/state/blob/list", func(w *stackhost.Response, r *stackhost.Request) error {
		keys := []string{}
		for b, err := range blobs.List(r.Query().Get("prefix")) {
			if err != nil {
				return err
			}
			keys = append(keys, b.Key)
		}
		return w.JSON(stackhost.Object{{Name: "keys", Value: keys}})
	})
	route("GET /t/state/blob/stat", func(w *stackhost.Response, r *stackhost.Request) error {
		info, err := blobs.Stat(r.Query().Get("key"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "size", Value: info.Size}, {Name: "type", Value: info.ContentType}})
	})
	route("GET /t/state/blob/read", func(w *stackhost.Response, r *stackhost.Request) error {
		b, err := blobs.Open(r.Query().Get("key"), number(r, "offset"), number(r, "length"))
		if err != nil {
			return err
		}
		var buf [4096]byte
		n, err := b.Read(buf[:])
		if err != nil {
			return err
		}
		return w.Text(string(buf[:n]))
	})
	route("GET /t/state/blob/sum", blobSum)
	route("GET /t/state/secret", func(w *stackhost.Response, r *stackhost.Request) error {
		value, err := stackhost.ClusterSecret(r.Query().Get("name"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "value", Value: string(value)}})
	})
}

// kvRange reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed.
func kvRange(w *stackhost.Response, r *stackhost.Request) error {
	prefix := r.Query().Get("prefix")
	page, err := kv(r).Scan(stackhost.Scan{Prefix: prefix})
	if err != nil {
		return err
	}
	if _, err := kv(r).Set(r.Query().Get("between"), []byte("between")); err != nil {
		return err
	}
	var t stackhost.Txn
	written, err := t.Unchanged(kv(r), prefix, page.Index).Increment(kv(r), prefix+"count", 1).Commit()
	if err != nil {
		return err
	}
	return w.JSON(stackhost.Object{{Name: "count", Value: written[0].Value}})
}

// lock takes a lock, tries to take it a second time, gives it back and takes it again.
func lock(w *stackhost.Response, r *stackhost.Request) error {
	name := r.Query().Get("name")
	first, err := locks.Acquire(name, 10e9, 0)
	if err != nil {
		return err
	}
	_, refused := locks.Acquire(name, 10e9, 0)
	held, err := first.Release()
	if err != nil {
		return err
	}
	again, err := locks.Acquire(name, 10e9, 0)
	if err != nil {
		return err
	}
	released, err := again.Release()
	if err != nil {
		return err
	}
	return w.JSON(stackhost.Object{
		{Name: "second", Value: code(refused)},
		{Name: "held", Value: held},
		{Name: "again", Value: released},
		{Name: "rises", Value: again.Fence > first.Fence},
	})
}

// lockRenew takes a lock, renews it, gives it back and tries to renew it again.
func lockRenew(w *stackhost.Response, r *stackhost.Request) error {
	lease, err := locks.Acquire(r.Query().Get("name"), 1e9, 0)
	if err != nil {
		return err
	}
	before := lease.Expires
	if err := lease.Renew(10e9); err != nil {
		return err
	}
	later := lease.Expires.After(before)
	if _, err := lease.Release(); err != nil {
		return err
	}
	return w.JSON(stackhost.Object{{Name: "later", Value: later}, {Name: "ended", Value: code(lease.Renew(10e9))}})
}

// lockWait takes a lock, and waits for it as another owner.
func lockWait(w *stackhost.Response, r *stackhost.Request) error {
	first, err := locks.Acquire(r.Query().Get("name"), millis(r, "ttl"), 0)
	if err != nil {
		return err
	}
	second, err := locks.Acquire(r.Query().Get("name"), 10e9, millis(r, "wait"))
	if err != nil {
		return err
	}
	held, err := second.Release()
	if err != nil {
		return err
	}
	return w.JSON(stackhost.Object{{Name: "held", Value: held}, {Name: "rises", Value: second.Fence > first.Fence}})
}

// blobCreate writes a blob in two pieces, and commits it or gives it up.
func blobCreate(w *stackhost.Response, r *stackhost.Request) error {
	body, err := r.Bytes(1 << 20)
	if err != nil {
		return err
	}
	b, err := blobs.Create(r.Query().Get("key"), stackhost.BlobOptions{ContentType: "text/plain"})
	if err != nil {
		return err
	}
	defer b.Abandon()
	for _, piece := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
		if _, err := b.Write(piece); err != nil {
			return err
		}
	}
	if r.Query().Get("end") == "abandon" {
		return w.JSON(stackhost.Object{{Name: "ok", Value: true}})
	}
	info, err := b.Commit()
	if err != nil {
		return err
	}
	return w.JSON(stackhost.Object{{Name: "size", Value: info.Size}})
}

// blobSum reads a blob, or a part of it, in pieces, and adds up its bytes.
func blobSum(w *stackhost.Response, r *stackhost.Request) error {
	b, err := blobs.Open(r.Query().Get("key"), number(r, "offset"), number(r, "length"))
	if err != nil {
		return err
	}
	var bytes int
	var sum uint32
	var buf [8192]byte
	for {
		n, err := b.Read(buf[:])
		bytes += n
		for _, c := range buf[:n] {
			sum += uint32(c)
		}
		if err == io.EOF {
			return w.JSON(stackhost.Object{{Name: "bytes", Value: bytes}, {Name: "sum", Value: int64(sum)}})
		}
		if err != nil {
			return err
		}
	}
}
