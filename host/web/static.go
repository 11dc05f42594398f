package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// StaticConfig describes a folder of files to serve.
type StaticConfig struct {
	// Dir is the folder. Nothing outside of it is ever served, whatever symbolic links say. Required.
	Dir string
	// Prefix is cut from the path by Handle; it begins with a slash. Default "/".
	Prefix string
	// Index is the file served for a folder. Default "index.html"; "-" for none.
	Index string
	// Fallback is a file in Dir, such as "index.html", for addresses that name no file: a single-page application's routes.
	// It is used when the client accepts HTML or the address has no file extension. Default none.
	Fallback string
	// CacheControl is sent with files. Default "no-cache": clients keep a copy and ask whether it is current.
	// The fallback and index files always get "no-cache".
	CacheControl string
	// Dotfiles serves files and folders whose names begin with a dot. Default false, except below ".well-known".
	Dotfiles bool
	// IgnorePrecompressed does not look for .br, .zst and .gz files beside a file.
	IgnorePrecompressed bool
	// CacheFile is the size up to which a file is kept in memory, in bytes. Default 256 KiB; negative keeps none.
	CacheFile int64
	// CacheBytes bounds the memory for all files kept. Default 64 MiB.
	CacheBytes int64
	// Recheck is how long a file is served from memory before the disk is asked whether it changed. Default 1 s; negative
	// asks every time.
	Recheck time.Duration
	// Problems answers 404 and 405. nil means production.
	Problems *Problems
	// Compression compresses small files that have no precompressed sibling, once per coding. nil leaves that to the Server.
	Compression *Compression
}

// Static serves a folder: conditional and range requests, precompressed siblings, index files and a fallback. Small files are
// kept in memory. Safe for concurrent use; requests under way when Close is called may fail.
type Static struct {
	cfg   StaticConfig
	root  *os.Root
	cache staticCache
}

// NewStatic opens the folder.
func NewStatic(cfg StaticConfig) (*Static, error) {
	setDefault(&cfg.Prefix, "/")
	setDefault(&cfg.Index, "index.html")
	setDefault(&cfg.CacheControl, "no-cache")
	setDefault(&cfg.CacheFile, 256<<10)
	setDefault(&cfg.CacheBytes, 64<<20)
	setDefault(&cfg.Recheck, time.Second)
	if cfg.Problems == nil {
		cfg.Problems = &Problems{}
	}
	if cfg.Prefix[0] != '/' {
		return nil, fmt.Errorf("web: static prefix %q does not begin with a slash", cfg.Prefix)
	}
	if !strings.HasSuffix(cfg.Prefix, "/") {
		cfg.Prefix += "/"
	}
	if cfg.Compression != nil {
		cfg.Compression.init()
	}
	root, err := os.OpenRoot(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("web: static folder: %w", err)
	}
	s := &Static{cfg: cfg, root: root}
	s.cache.limit = cfg.CacheBytes
	s.cache.files = make(map[string]*staticFile)
	return s, nil
}

// Close closes the folder.
func (s *Static) Close() error { return s.root.Close() }

// Handle serves the request's path below Prefix.
func (s *Static) Handle(ctx *fasthttp.RequestCtx) {
	path, _ := splitTarget(ctx.Request.Header.RequestURI())
	decoded, ok := unescapePath(path)
	if !ok {
		s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusBadRequest, Code: "bad-target", Detail: "The path has a malformed percent escape."})
		return
	}
	name, ok := strings.CutPrefix(decoded, s.cfg.Prefix)
	if !ok {
		if decoded+"/" == s.cfg.Prefix {
			s.redirectToSlash(ctx)
			return
		}
		s.cfg.Problems.NotFound(ctx)
		return
	}
	s.Serve(ctx, name)
}

// Serve answers with the file called name: percent-decoded, relative to the folder, with slashes. An empty name or one that
// ends in a slash is a folder, for which Index is served.
func (s *Static) Serve(ctx *fasthttp.RequestCtx, name string) {
	if !ctx.IsGet() && !ctx.IsHead() {
		s.cfg.Problems.MethodNotAllowed(ctx, "GET, HEAD, OPTIONS")
		return
	}
	folder := name == "" || strings.HasSuffix(name, "/")
	wanted := strings.TrimSuffix(name, "/")
	if !s.presentable(wanted) {
		s.missing(ctx, name)
		return
	}
	if folder {
		if s.cfg.Index == "-" {
			s.missing(ctx, name)
			return
		}
		wanted = strings.TrimPrefix(wanted+"/"+s.cfg.Index, "/")
	}
	file, err := s.lookup(wanted)
	switch {
	case err == nil:
		s.send(ctx, file, s.cacheControl(file))
	case errors.Is(err, errIsFolder) && !folder:
		s.redirectToSlash(ctx)
	case errors.Is(err, fs.ErrPermission):
		s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusForbidden, Code: "forbidden", Detail: "The file cannot be read."})
	default:
		s.missing(ctx, name)
	}
}

// presentable tells whether a name may be looked up at all. os.Root keeps it inside the folder; this keeps odd spellings and
// hidden files out of the answer.
func (s *Static) presentable(name string) bool {
	if name == "" {
		return true
	}
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return false
	}
	if s.cfg.Dotfiles || name[0] != '.' && !strings.Contains(name, "/.") {
		return true
	}
	rest, ok := strings.CutPrefix(name+"/", ".well-known/") // RFC 8615
	return ok && !strings.HasPrefix(rest, ".") && !strings.Contains(rest, "/.")
}

func (s *Static) cacheControl(f *staticFile) string {
	if f.name == s.cfg.Fallback || f.name == s.cfg.Index || strings.HasSuffix(f.name, "/"+s.cfg.Index) {
		return "no-cache"
	}
	return s.cfg.CacheControl
}

// missing answers for a name that is no file.
func (s *Static) missing(ctx *fasthttp.RequestCtx, name string) {
	if s.cfg.Fallback != "" && s.wantsFallback(ctx, name) {
		if file, err := s.lookup(s.cfg.Fallback); err == nil {
			s.send(ctx, file, "no-cache")
			return
		}
	}
	s.cfg.Problems.NotFound(ctx)
}

func (s *Static) wantsFallback(ctx *fasthttp.RequestCtx, name string) bool {
	last := name[strings.LastIndexByte(name, '/')+1:]
	if !strings.Contains(last, ".") {
		return true
	}
	html := false
	eachWeighted(ctx.Request.Header.Peek(fasthttp.HeaderAccept), func(media []byte, q int) {
		html = html || q > 0 && equalFold(media, "text/html")
	})
	return html
}

// redirectToSlash sends the client to the folder's own address, relative to the one it asked for, so that neither a proxy's
// prefix nor a doubled slash can lead elsewhere.
func (s *Static) redirectToSlash(ctx *fasthttp.RequestCtx) {
	path, query := splitTarget(ctx.Request.Header.RequestURI())
	location := append([]byte("./"), path[bytes.LastIndexByte(path, '/')+1:]...)
	location = append(location, '/')
	if len(query) > 0 {
		location = append(append(location, '?'), query...)
	}
	SendRedirect(ctx, location, fasthttp.StatusMovedPermanently)
}

// send answers with a file, or the part of it that is asked for, or that nothing has changed.
func (s *Static) send(ctx *fasthttp.RequestCtx, f *staticFile, cacheControl string) {
	v := s.choose(ctx, f)
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderETag, v.etag)
	h.Set(fasthttp.HeaderLastModified, f.lastModified)
	h.Set(fasthttp.HeaderCacheControl, cacheControl)
	if len(f.siblings) > 0 || v.encoding != "" {
		addVary(h, fasthttp.HeaderAcceptEncoding)
	}
	switch checkConditions(&ctx.Request.Header, v.etag, f.modified) {
	case fasthttp.StatusNotModified:
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	case fasthttp.StatusPreconditionFailed:
		s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusPreconditionFailed, Code: "precondition-failed", Detail: "The file is not in the state that the request requires."})
		return
	}
	h.SetContentType(f.mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	if v.encoding != "" {
		h.SetContentEncoding(v.encoding)
	}
	if v.fresh {
		s.sendWhole(ctx, v) // its bytes may differ next time, so ranges of it mean nothing
		return
	}
	h.Set(fasthttp.HeaderAcceptRanges, "bytes")
	if ctx.IsHead() {
		s.sendWhole(ctx, v)
		return
	}
	ranges, ok := requestedRanges(&ctx.Request.Header, v.etag, f.modified, v.size)
	switch {
	case !ok:
		h.Del(fasthttp.HeaderContentEncoding)
		s.cfg.Problems.Write(ctx, &Problem{Status: fasthttp.StatusRequestedRangeNotSatisfiable, Code: "range-not-satisfiable", Detail: "The file has none of the bytes asked for."})
		h.Set(fasthttp.HeaderContentRange, contentRange(byteRange{-1, -1}, v.size))
	case len(ranges) == 0:
		s.sendWhole(ctx, v)
	case len(ranges) == 1:
		s.sendPart(ctx, v, ranges[0])
	default:
		s.sendParts(ctx, v, f.mediaType, ranges)
	}
}

func (s *Static) sendWhole(ctx *fasthttp.RequestCtx, v *staticVariant) {
	if ctx.IsHead() {
		ctx.Response.SkipBody = true
		ctx.Response.Header.SetContentLength(int(v.size))
		return
	}
	if v.data != nil || v.size == 0 {
		ctx.Response.SetBodyRaw(v.data)
		return
	}
	s.sendPart(ctx, v, byteRange{0, v.size - 1})
}

// sendPart sends one range; the whole of a file that is not in memory is one too.
func (s *Static) sendPart(ctx *fasthttp.RequestCtx, v *staticVariant, r byteRange) {
	if r.length() != v.size {
		ctx.SetStatusCode(fasthttp.StatusPartialContent)
		ctx.Response.Header.Set(fasthttp.HeaderContentRange, contentRange(r, v.size))
	}
	if v.data != nil {
		ctx.Response.SetBodyRaw(v.data[r.first : r.last+1])
		return
	}
	file, err := s.open(v, r.first)
	if err != nil {
		s.cfg.Problems.NotFound(ctx)
		return
	}
	ctx.Response.SetBodyStream(file, int(r.length()))
}

// open opens the file of v at an offset. The caller closes it.
func (s *Static) open(v *staticVariant, offset int64) (*os.File, error) {
	file, err := s.root.Open(v.path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != v.size || !info.ModTime().Equal(v.modified)) {
		s.cache.drop(v.owner) // replaced since it was looked up; the client asks again
		err = fs.ErrNotExist
	}
	if err == nil && offset > 0 {
		_, err = file.Seek(offset, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// unescapePath decodes percent escapes; ok is false when one is malformed.
func unescapePath(b []byte) (string, bool) {
	if bytes.IndexByte(b, '%') < 0 {
		return string(b), true
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '%' {
			out = append(out, b[i])
			continue
		}
		if i+2 >= len(b) || !isHex(b[i+1]) || !isHex(b[i+2]) {
			return "", false
		}
		out = append(out, hexValue(b[i+1])<<4|hexValue(b[i+2]))
		i += 2
	}
	return string(out), true
}
