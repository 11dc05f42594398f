// Command state is the Go guest of the suite's state cases: keys, caches, locks, blobs and secrets.
package main

import (
	"errors"
	"strconv"

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
		var options []stackhost.SetOption
		if r.Query().Get("if") == "absent" {
			options = append(options, stackhost.IfAbsent())
		}
		version, err := kv(r).Set(r.Query().Get("key"), body, options...)
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "version", Value: int64(version)}})
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
		if err := cache.Put(r.Query().Get("key"), body, stackhost.Tags(r.Query().Get("tag"))); err != nil {
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
	route("GET /t/state/secret", func(w *stackhost.Response, r *stackhost.Request) error {
		value, err := stackhost.ClusterSecret(r.Query().Get("name"))
		if err != nil {
			return err
		}
		return w.JSON(stackhost.Object{{Name: "value", Value: string(value)}})
	})
}

// lock takes a lock, tries to take it a second time, gives it back and takes it again.
func lock(w *stackhost.Response, r *stackhost.Request) error {
	name := r.Query().Get("name")
	first, err := locks.Acquire(name, 10e9, 0)
	if err != nil {
		return err
	}
	var second int64
	if _, err := locks.Acquire(name, 10e9, 0); err != nil {
		if e := (*stackhost.Error)(nil); errors.As(err, &e) {
			second = int64(e.Code)
		}
	}
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
		{Name: "second", Value: second},
		{Name: "held", Value: held},
		{Name: "again", Value: released},
		{Name: "rises", Value: again.Fence > first.Fence},
	})
}
