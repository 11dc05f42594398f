// Package stores uses every function of kv, cache, lock, blob and secret, and tells what came of it: the same natively, with the host
// of stackhosttest, and as a module in a real host.
package stores

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	stackhost "github.com/stackhost/stackhost/sdk/go"
)

func init() {
	stackhost.Handle("GET /stores", func(w *stackhost.Response, r *stackhost.Request) error {
		var l log
		l.keys()
		l.transactions()
		l.caches()
		l.locks()
		l.blobs()
		l.secrets()
		return w.Text(l.String())
	})
}

// log has one line for each thing tried. Versions and times, which differ from run to run, are only compared.
type log struct{ strings.Builder }

func (l *log) add(what string, values ...any) {
	l.WriteString(what + ":")
	for _, v := range values {
		if err, ok := v.(error); ok {
			coded := new(stackhost.Error)
			if errors.As(err, &coded) {
				v = coded.Code.String()
			}
		}
		if b, ok := v.([]byte); ok {
			v = fmt.Sprintf("%.40q", b)
		}
		fmt.Fprint(l, " ", v)
	}
	l.WriteByte('\n')
}

func (l *log) keys() {
	k := stackhost.KV("posts")
	_, found, err := k.Get("a")
	l.add("get nothing", found, err)
	v1, err := k.Set("a", []byte("one"), stackhost.IfAbsent())
	l.add("set if absent", v1 > 0, err)
	_, err = k.Set("a", []byte("two"), stackhost.IfAbsent())
	l.add("set if absent again", err)
	v2, err := k.Set("a", []byte("two"), stackhost.IfVersion(v1), stackhost.TTL(time.Hour))
	l.add("set if version", v2 > v1, err)
	_, err = k.Set("a", []byte("three"), stackhost.IfVersion(v1))
	l.add("set if old version", err)
	_, err = k.Set("a", nil, stackhost.IfVersion(0)) // as IfAbsent
	l.add("set if version 0", err)
	for _, c := range []stackhost.Consistency{stackhost.Linearizable, stackhost.Leased, stackhost.Stale} {
		e, found, err := k.Read("a", c)
		l.add("get", e.Key, e.Value, e.Version == v2, time.Until(e.Expires) > 59*time.Minute, found, err)
	}
	_, err = k.Set("", nil)
	l.add("set no key", err)
	_, err = k.Set("b", make([]byte, 256<<10+1))
	l.add("set too much", err)
	_, err = k.Set("b", make([]byte, 256<<10))
	e, _, _ := k.Get("b")
	l.add("set much", len(e.Value), err)
	_, err = stackhost.KV("bad name").Set("a", nil)
	l.add("set in a bad namespace", err)

	n, err := k.Increment("n", 5)
	m, _ := k.Increment("n", -7)
	l.add("increment", n, m, err)
	_, err = k.Increment("a", 1)
	l.add("increment text", err)
	k.Set("max", []byte("9223372036854775807"))
	_, err = k.Increment("max", 1)
	l.add("increment too far", err)

	_, err = k.Delete("a", stackhost.IfVersion(v1))
	l.add("delete if old version", err)
	existed, err := k.Delete("a", stackhost.IfVersion(v2))
	again, _ := k.Delete("a")
	l.add("delete", existed, again, err)
	k.Set("short", []byte("x"), stackhost.TTL(time.Millisecond))
	time.Sleep(5 * time.Millisecond)
	_, found, err = k.Get("short")
	l.add("get what has ended", found, err)

	type post struct{ Title string }
	var p post
	v, err := k.GetJSON("json", &p)
	l.add("json nothing", v, err)
	_, err = k.SetJSON("json", post{"Hi"})
	v, _ = k.GetJSON("json", &p)
	l.add("json", p.Title, v > 0, err)
	tries := 0
	err = k.Update("json", func(old []byte) ([]byte, error) {
		if tries++; tries == 1 {
			k.Set("json", []byte("other"))
		}
		return append(old, '!'), nil
	})
	e, _, _ = k.Get("json")
	l.add("update", tries, e.Value, err)

	s := stackhost.KV("scan")
	for i := range 5 {
		s.Set(fmt.Sprintf("k%d", i), []byte{byte('0' + i)})
	}
	s.Set("other", nil)
	page, err := s.Scan(stackhost.Scan{Prefix: "k", Limit: 2})
	l.add("scan", len(page.Entries), page.Next, page.Index > 0, err)
	for _, how := range []stackhost.Scan{{}, {Prefix: "k", Limit: 2}, {Prefix: "k", Limit: 2, Reverse: true, KeysOnly: true}, {Prefix: "x"}} {
		line := ""
		for e, err := range s.All(how) {
			line += " " + e.Key + "=" + string(e.Value)
			if err != nil {
				line += err.Error()
			}
		}
		l.add("all", line)
	}
	many := stackhost.KV("many")
	for i := range 150 {
		many.Set(fmt.Sprintf("%03d", i), nil)
	}
	page, err = many.Scan(stackhost.Scan{Limit: 1000})
	l.add("scan a long page", len(page.Entries), page.Next == "", err)
	_, err = s.Scan(stackhost.Scan{Limit: 1001})
	l.add("scan too much", err)
	_, err = s.Scan(stackhost.Scan{Prefix: "k", After: "j"})
	l.add("scan from elsewhere", err)
}

func (l *log) transactions() {
	a, b := stackhost.KV("accounts"), stackhost.KV("log")
	a.Set("ada", []byte("10"))
	t := new(stackhost.Txn)
	t.Check(b, "first", 0).Increment(a, "ada", -3).Increment(a, "bob", 3).Set(b, "first", []byte("3"), stackhost.TTL(time.Hour)).Delete(a, "eve")
	written, err := t.Commit()
	l.add("transaction", len(written), err)
	for _, w := range written {
		l.add("written", w.Version > 0, w.Existed, w.Value)
	}
	_, err = t.Commit()
	e, _, _ := a.Get("ada")
	l.add("transaction again", e.Value, err)
	_, err = new(stackhost.Txn).Set(a, "ada", []byte("text")).Increment(a, "ada", 1).Commit()
	e, _, _ = a.Get("ada")
	l.add("transaction that fails at its end", e.Value, err)
	long := new(stackhost.Txn)
	for range 65 {
		long.Increment(a, "x", 1)
	}
	_, err = long.Commit()
	l.add("transaction too long", err)

	page, _ := a.Scan(stackhost.Scan{})
	_, err = new(stackhost.Txn).Unchanged(a, "", page.Index).Set(b, "sum", []byte("10")).Commit()
	l.add("unchanged", err)
	a.Delete("bob")
	_, err = new(stackhost.Txn).Unchanged(a, "", page.Index).Set(b, "sum", []byte("10")).Commit()
	l.add("unchanged after a deletion", err)

	tries := 0
	_, err = stackhost.Transact(func(t *stackhost.Txn) error {
		e, _, err := t.Get(a, "ada")
		if tries++; tries < 3 {
			a.Increment("ada", 1)
		}
		t.Set(a, "copy", e.Value)
		return err
	})
	e, _, _ = a.Get("copy")
	l.add("transact", tries, e.Value, err)
	_, err = stackhost.Transact(func(t *stackhost.Txn) error {
		t.Delete(a, "ada")
		return errors.New("no")
	})
	_, found, _ := a.Get("ada")
	l.add("transact given up", found, err)
}

func (l *log) caches() {
	c := stackhost.Cache("pages")
	made := 0
	value := func(v string) func() ([]byte, error) {
		return func() ([]byte, error) { made++; return []byte(v), nil }
	}
	_, found, err := c.Get("front")
	l.add("cache nothing", found, err)
	for range 2 {
		b, err := c.Remember("front", value("one"), stackhost.For(time.Hour), stackhost.Tags("posts", "users"))
		l.add("remember", b, made, err)
	}
	l.add("invalidate other", c.Invalidate("others"))
	b, found, err := c.Get("front")
	l.add("cache get", b, found, err)
	l.add("invalidate", c.Invalidate("users", "x"))
	_, found, err = c.Get("front")
	l.add("cache get invalid", found, err)
	b, err = c.Remember("front", func() ([]byte, error) {
		c.Invalidate("posts") // what is being made is out of date already
		return []byte("old"), nil
	}, stackhost.Tags("posts"))
	_, found, _ = c.Get("front")
	l.add("remember while it changes", b, found, err)

	_, err = c.Remember("bad", func() ([]byte, error) { return nil, errors.New("cannot") })
	l.add("remember an error", err)
	l.add("put", c.Put("brief", []byte("x"), stackhost.For(time.Millisecond), stackhost.StaleFor(time.Hour)))
	time.Sleep(5 * time.Millisecond)
	b, found, err = c.Get("brief")
	l.add("get stale", b, found, err)
	b, err = c.Remember("brief", func() ([]byte, error) { return nil, errors.New("cannot") }, stackhost.For(time.Hour))
	l.add("remember stale that cannot be made", b, err)
	l.add("put too much", c.Put("b", make([]byte, 512<<10+1)))
	l.add("put with an empty tag", c.Put("b", nil, stackhost.Tags("")))
	c.Put("forever", []byte("x"))
	existed, err := c.Delete("forever")
	again, _ := c.Delete("forever")
	l.add("delete", existed, again, err)
	c.Put("forever", []byte("x"))
	l.add("clear", c.Clear())
	_, found, err = c.Get("forever")
	l.add("get cleared", found, err)
}

func (l *log) locks() {
	k := stackhost.Locks("jobs")
	lease, err := k.Acquire("mail", time.Minute, 0)
	if err != nil {
		l.add("acquire", err)
		return
	}
	l.add("acquire", lease.Owner != "", lease.Fence > 0, time.Until(lease.Expires) > 50*time.Second)
	_, err = k.Acquire("mail", time.Minute, 0)
	l.add("acquire what is held", err)
	err = lease.Renew(time.Hour)
	l.add("renew", time.Until(lease.Expires) > 50*time.Minute, err)
	held, err := lease.Release()
	again, _ := lease.Release()
	l.add("release", held, again, err)
	l.add("renew what has ended", lease.Renew(time.Minute))
	err = k.With("mail", time.Minute, time.Second, func(next *stackhost.Lease) error {
		l.add("with", next.Fence > lease.Fence)
		return errors.New("stop")
	})
	l.add("with", err)
	_, err = k.Acquire("mail", time.Millisecond, 0)
	l.add("acquire for too short", err)
	_, err = k.Acquire("mail", 100*time.Millisecond, 0)
	l.add("acquire again", err)
}

func (l *log) blobs() {
	b := stackhost.Blobs("files")
	_, err := b.Stat("a")
	l.add("stat nothing", err)
	_, err = b.Open("a", 0, 0)
	l.add("open nothing", err)
	short, err := b.Put("a", []byte("hello"), stackhost.BlobOptions{ContentType: "text/plain", Meta: []stackhost.Value{{Name: "by", Value: "ada"}}})
	l.add("put", short.Key, short.Size, fmt.Sprintf("%x", short.SHA256)[:8], short.ContentType, short.Meta, short.Version > 0, err)
	_, err = b.Put("a", nil, stackhost.BlobOptions{If: stackhost.IfAbsent()})
	l.add("put if absent", err)

	long := strings.Repeat("0123456789", 30_000)
	info, err := b.PutFrom("dir/long", strings.NewReader(long), stackhost.BlobOptions{})
	l.add("put from", info.Size, fmt.Sprintf("%x", info.SHA256)[:8], err)
	read := func(key string, offset, length int64) {
		r, err := b.Open(key, offset, length)
		if err != nil {
			l.add("open", key, err)
			return
		}
		content, err := io.ReadAll(r)
		same := offset <= r.Size && strings.HasPrefix(long[min(int(offset), len(long)):], string(content))
		l.add("read", key, offset, length, r.Size, len(content), same, err)
	}
	read("dir/long", 0, 0)
	read("dir/long", 299_990, 100)
	read("dir/long", 3, 70_000)
	read("dir/long", 400_000, 0)
	a, _ := b.Open("a", 1, 3)
	content, err := io.ReadAll(a)
	l.add("read", content, a.Meta, err)

	w, err := b.Create("dir/b", stackhost.BlobOptions{If: stackhost.IfAbsent()})
	l.add("create", err)
	w.Write([]byte("one "))
	w.Write(nil)
	w.Write([]byte("two"))
	_, err = b.Stat("dir/b")
	l.add("stat before commit", err)
	info, err = w.Commit()
	l.add("commit", info.Size, err)
	_, err = w.Write([]byte("x"))
	l.add("write after commit", err)
	_, err = w.Commit()
	l.add("commit again", err)
	w, _ = b.Create("dir/c", stackhost.BlobOptions{})
	w.Write([]byte("x"))
	w.Abandon()
	w.Abandon()
	_, err = b.Stat("dir/c")
	l.add("stat what was abandoned", err)

	for _, prefix := range []string{"", "dir/", "x"} {
		line := ""
		for i, err := range b.List(prefix) {
			line += fmt.Sprint(" ", i.Key, " ", i.Size)
			if err != nil {
				line += err.Error()
			}
		}
		l.add("list "+prefix, line)
	}
	_, err = b.Delete("a", stackhost.IfVersion(0))
	l.add("delete if version 0", err)
	_, err = b.Delete("a", stackhost.IfVersion(info.Version))
	l.add("delete if another version", err)
	existed, err := b.Delete("a", stackhost.IfVersion(short.Version))
	again, _ := b.Delete("a")
	l.add("delete", existed, again, err)
}

func (l *log) secrets() {
	v, err := stackhost.ClusterSecret("KEY")
	l.add("secret", v, err)
	_, err = stackhost.ClusterSecret("UNSET")
	l.add("secret that is not set", err)
	for _, name := range []string{"kv", "cache", "lock", "blob", "secret"} {
		s, err := stackhost.Supports(name)
		l.add("supports "+name, s.Version, s.Granted, err)
	}
}
