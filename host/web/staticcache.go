package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

var errIsFolder = errors.New("web: is a folder")

// staticVariant is one way to send a file: as it is, or encoded. Immutable.
type staticVariant struct {
	owner    string // name of the file
	path     string // of the file that holds the bytes
	encoding string // content coding, "" for none
	etag     string
	size     int64
	modified time.Time
	data     []byte // nil when the file is too large to be kept
	fresh    bool   // encoded by us, not read from a file
}

// staticFile is what is known about a file. Immutable, but for what its atomics and mutex guard.
type staticFile struct {
	staticVariant
	name         string
	mediaType    string
	lastModified string
	siblings     []*staticVariant
	checked      atomic.Int64 // when the disk was last asked, Unix nanoseconds
	used         atomic.Int64 // when it was last served, likewise
	bytes        int64        // memory it is counted with

	mu      sync.Mutex
	encoded map[string]*staticVariant // guarded by mu; nil value: not worth it
}

// staticCache keeps what is known about files. Safe for concurrent use.
type staticCache struct {
	limit int64
	mu    sync.RWMutex
	files map[string]*staticFile // guarded by mu
	bytes int64                  // guarded by mu
}

// fileOverhead is what a file costs beside its data, roughly.
const fileOverhead = 1024

func (c *staticCache) get(name string) *staticFile {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.files[name]
}

// put stores f, and makes room by dropping those of a few others that were not used for longest. A map's order is random
// enough to choose the few.
func (c *staticCache) put(f *staticFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.files[f.name]; old != nil {
		c.bytes -= old.bytes
	}
	c.files[f.name] = f
	c.bytes += f.bytes
	for c.bytes > c.limit && len(c.files) > 1 {
		var oldest *staticFile
		seen := 0
		for _, other := range c.files {
			if other != f && (oldest == nil || other.used.Load() < oldest.used.Load()) {
				oldest = other
			}
			if seen++; seen == 16 && oldest != nil {
				break
			}
		}
		delete(c.files, oldest.name)
		c.bytes -= oldest.bytes
	}
}

// grew counts bytes that f has gained. It does nothing when f is not kept any more.
func (c *staticCache) grew(f *staticFile, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files[f.name] == f {
		f.bytes += n
		c.bytes += n
	}
}

func (c *staticCache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.files[name]; f != nil {
		c.bytes -= f.bytes
		delete(c.files, name)
	}
}

// lookup finds out about a file, from memory when the disk was asked not long ago.
func (s *Static) lookup(name string) (*staticFile, error) {
	now := time.Now().UnixNano()
	f := s.cache.get(name)
	if f != nil && now-f.checked.Load() < int64(s.cfg.Recheck) {
		f.used.Store(now)
		return f, nil
	}
	info, err := s.root.Stat(name)
	switch {
	case err != nil:
		s.cache.drop(name)
		return nil, err
	case info.IsDir():
		return nil, errIsFolder
	case !info.Mode().IsRegular():
		return nil, fs.ErrNotExist
	}
	if f != nil && f.size == info.Size() && f.modified.Equal(info.ModTime()) && s.siblingsCurrent(f) {
		f.checked.Store(now)
		f.used.Store(now)
		return f, nil
	}
	f, err = s.load(name, info)
	if err != nil {
		return nil, err
	}
	f.checked.Store(now)
	f.used.Store(now)
	s.cache.put(f)
	return f, nil
}

// precompressed lists the siblings looked for, in order of preference: the smallest first, since the work is done.
var precompressed = []struct{ encoding, suffix string }{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

// siblingsCurrent tells whether the precompressed files beside f are still those it was loaded with.
func (s *Static) siblingsCurrent(f *staticFile) bool {
	if s.cfg.IgnorePrecompressed {
		return true
	}
	known := f.siblings
	for _, p := range precompressed {
		info, err := s.root.Stat(f.name + p.suffix)
		there := err == nil && usableSibling(info, f.modified)
		if there != (len(known) > 0 && known[0].encoding == p.encoding) {
			return false
		}
		if there {
			if known[0].size != info.Size() || !known[0].modified.Equal(info.ModTime()) {
				return false
			}
			known = known[1:]
		}
	}
	return true
}

// usableSibling tells whether a precompressed file is a file, and not older than what it was made from.
func usableSibling(info fs.FileInfo, modified time.Time) bool {
	return info.Mode().IsRegular() && info.Size() > 0 && !info.ModTime().Before(modified)
}

func (s *Static) load(name string, info fs.FileInfo) (*staticFile, error) {
	base, err := s.loadVariant(name, name, "", info)
	if err != nil {
		return nil, err
	}
	f := &staticFile{
		staticVariant: *base,
		name:          name,
		mediaType:     mediaTypeOf(name),
		lastModified:  string(fasthttp.AppendHTTPDate(nil, info.ModTime())),
		bytes:         fileOverhead + int64(len(base.data)),
	}
	if s.cfg.IgnorePrecompressed {
		return f, nil
	}
	for _, p := range precompressed {
		info, err := s.root.Stat(name + p.suffix)
		if err != nil || !usableSibling(info, f.modified) {
			continue
		}
		v, err := s.loadVariant(name, name+p.suffix, p.encoding, info)
		if err != nil {
			continue
		}
		f.siblings = append(f.siblings, v)
		f.bytes += int64(len(v.data))
	}
	return f, nil
}

// loadVariant reads a file that is small, and names its content: by a digest of the bytes when they are read, else by size
// and time. A time may be shared by two contents while a file is being written, so such a tag is weak for a while
// (RFC 9110 section 8.8.1).
func (s *Static) loadVariant(owner, path, encoding string, info fs.FileInfo) (*staticVariant, error) {
	v := &staticVariant{owner: owner, path: path, encoding: encoding, size: info.Size(), modified: info.ModTime()}
	suffix := ""
	if encoding != "" {
		suffix = "-" + encoding
	}
	if v.size > s.cfg.CacheFile || v.size > s.cache.limit/4 {
		v.etag = `"` + strconv.FormatInt(v.modified.UnixNano(), 36) + "-" + strconv.FormatInt(v.size, 36) + suffix + `"`
		if time.Since(v.modified) < 2*time.Second {
			v.etag = "W/" + v.etag
		}
		return v, nil
	}
	file, err := s.root.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, v.size+1))
	if err != nil {
		return nil, err
	}
	v.data = data
	v.size = int64(len(data)) // it may have changed since Stat; the next check will see
	digest := sha256.Sum256(data)
	v.etag = `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + suffix + `"`
	return v, nil
}

// choose picks the variant to send.
func (s *Static) choose(ctx *fasthttp.RequestCtx, f *staticFile) *staticVariant {
	accept := ctx.Request.Header.Peek(fasthttp.HeaderAcceptEncoding)
	if len(f.siblings) > 0 {
		var offered [3]string
		for i, v := range f.siblings {
			offered[i] = v.encoding
		}
		encoding := pickEncoding(accept, offered[:len(f.siblings)])
		for _, v := range f.siblings {
			if v.encoding == encoding {
				return v
			}
		}
		return &f.staticVariant
	}
	c := s.cfg.Compression
	if c == nil || f.data == nil || len(f.data) < c.MinBytes || !c.compressible([]byte(f.mediaType)) {
		return &f.staticVariant
	}
	addVary(&ctx.Response.Header, fasthttp.HeaderAcceptEncoding)
	encoding := pickEncoding(accept, c.Encodings)
	if encoding == "" || len(ctx.Request.Header.Peek(fasthttp.HeaderRange)) > 0 {
		return &f.staticVariant
	}
	if v := s.encode(f, encoding); v != nil {
		return v
	}
	return &f.staticVariant
}

// encode compresses a file that is in memory, once. nil when that does not make it smaller.
func (s *Static) encode(f *staticFile, encoding string) *staticVariant {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v, ok := f.encoded[encoding]; ok {
		return v
	}
	var out bytes.Buffer
	enc := s.cfg.Compression.encoder(encoding, &out)
	_, err := enc.Write(f.data)
	if cerr := enc.Close(); err == nil {
		err = cerr
	}
	enc.release()
	var v *staticVariant
	if err == nil && out.Len() < len(f.data) {
		v = &staticVariant{
			owner: f.name, path: f.path, encoding: encoding, etag: "W/" + f.etag,
			size: int64(out.Len()), modified: f.modified, data: out.Bytes(), fresh: true,
		}
		s.cache.grew(f, v.size)
	}
	if f.encoded == nil {
		f.encoded = make(map[string]*staticVariant)
	}
	f.encoded[encoding] = v
	return v
}
