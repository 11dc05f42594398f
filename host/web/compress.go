package web

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

// Compression says which responses are compressed and how. Its zero value has sensible defaults; a nil Compression compresses
// nothing. It must not be changed once in use. Safe for concurrent use.
type Compression struct {
	// MinBytes is the smallest body worth the effort; streams of unknown length always are. Default 1,024.
	MinBytes int
	// Types lists media types to compress: "text/html", "text/*", or "+json" for a suffix. Default DefaultTypes.
	Types []string
	// Encodings lists content codings in order of preference among those a client likes equally.
	// Default "zstd", "br", "gzip": for content made on the fly the fastest comes first.
	Encodings []string
	// GzipLevel is 1 to 9, default 5. BrotliLevel is 1 to 11, default 4. ZstdLevel is 1 to 11, default 3.
	GzipLevel, BrotliLevel, ZstdLevel int

	once  sync.Once
	pools map[string]*sync.Pool
}

// DefaultTypes are the media types compressed when Compression.Types is empty.
var defaultTypes = []string{
	"text/*", "+json", "+xml", "application/json", "application/javascript", "application/xml", "application/wasm",
	"application/x-ndjson", "application/graphql", "application/manifest+json", "application/rtf", "application/sql",
	"image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "font/ttf", "font/otf", "font/collection",
}

func (c *Compression) init() {
	c.once.Do(func() {
		setDefault(&c.MinBytes, 1024)
		if len(c.Types) == 0 {
			c.Types = defaultTypes
		}
		if len(c.Encodings) == 0 {
			c.Encodings = []string{"zstd", "br", "gzip"}
		}
		setDefault(&c.GzipLevel, 5)
		setDefault(&c.BrotliLevel, 4)
		setDefault(&c.ZstdLevel, 3)
		c.pools = map[string]*sync.Pool{"gzip": c.gzipPool(), "br": c.brotliPool(), "zstd": c.zstdPool()}
	})
}

// choose decides on a coding for the response as it stands: "" for none. It sets Vary when another client would have got
// another answer. length is that of the body, -1 when not known.
func (c *Compression) choose(ctx *fasthttp.RequestCtx, length int64) string {
	if c == nil {
		return ""
	}
	c.init()
	h := &ctx.Response.Header
	if length >= 0 && length < int64(c.MinBytes) {
		return ""
	}
	switch status := ctx.Response.StatusCode(); {
	case status < 200, status == fasthttp.StatusNoContent, status == fasthttp.StatusPartialContent, status == fasthttp.StatusNotModified:
		return ""
	}
	if len(h.ContentEncoding()) > 0 || len(h.Peek(fasthttp.HeaderContentRange)) > 0 || !c.compressible(h.ContentType()) {
		return ""
	}
	if hasToken(h.Peek(fasthttp.HeaderCacheControl), "no-transform") {
		return ""
	}
	addVary(h, fasthttp.HeaderAcceptEncoding)
	return pickEncoding(ctx.Request.Header.Peek(fasthttp.HeaderAcceptEncoding), c.Encodings)
}

// pickEncoding returns the member of offered, in order of preference, that the client likes best, or "" when it likes none
// of them as well as the plain body (RFC 9110 section 12.5.3).
func pickEncoding(accept []byte, offered []string) string {
	if len(accept) == 0 {
		return ""
	}
	best, bestQ := "", 0
	for _, name := range offered {
		if q := encodingWeight(accept, name); q > bestQ {
			best, bestQ = name, q
		}
	}
	if bestQ == 0 || explicitWeight(accept, "identity") > bestQ {
		return ""
	}
	return best
}

// encodingWeight is the weight of a coding: its own, else that of "*", else 0.
func encodingWeight(accept []byte, name string) int {
	if q := explicitWeight(accept, name); q >= 0 {
		return q
	}
	return max(explicitWeight(accept, "*"), 0)
}

// explicitWeight is the weight a coding is listed with, -1 when it is not listed.
func explicitWeight(accept []byte, name string) int {
	found := -1
	eachWeighted(accept, func(item []byte, q int) {
		if equalFold(item, name) || name == "gzip" && equalFold(item, "x-gzip") {
			found = max(found, q)
		}
	})
	return found
}

func (c *Compression) compressible(contentType []byte) bool {
	media, _, _ := bytes.Cut(contentType, []byte{';'})
	media = bytes.TrimSpace(media)
	if len(media) == 0 {
		return false
	}
	for _, t := range c.Types {
		switch {
		case strings.HasPrefix(t, "+"):
			if len(media) > len(t) && equalFold(media[len(media)-len(t):], t) {
				return true
			}
		case strings.HasSuffix(t, "/*"):
			if len(media) > len(t) && equalFold(media[:len(t)-1], t[:len(t)-1]) {
				return true
			}
		case equalFold(media, t):
			return true
		}
	}
	return false
}

// hasToken tells whether a comma-separated list has a member.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		item := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			item, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if equalFold(bytes.TrimSpace(item), token) {
			return true
		}
	}
	return false
}

// markEncoded sets the fields of a response whose body is now encoded. A strong ETag names the plain bytes, so it becomes weak
// (RFC 9110 section 8.8.1).
func markEncoded(h *fasthttp.ResponseHeader, encoding string) {
	h.SetContentEncoding(encoding)
	if tag := h.Peek(fasthttp.HeaderETag); len(tag) > 0 && tag[0] == '"' {
		h.Set(fasthttp.HeaderETag, "W/"+string(tag))
	}
	h.Del(fasthttp.HeaderAcceptRanges)
}

var bufferPool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBuffer keeps one huge response from staying in memory.
const maxPooledBuffer = 1 << 20

// Apply compresses a response whose body is set on ctx.Response, where that is called for and makes it smaller. Responses with
// a body stream are left alone; see SetBodyStream and StartStream.
func (c *Compression) Apply(ctx *fasthttp.RequestCtx) {
	if c == nil || ctx.Response.IsBodyStream() {
		return
	}
	body := ctx.Response.Body()
	if len(body) == 0 {
		return
	}
	encoding := c.choose(ctx, int64(len(body)))
	if encoding == "" {
		return
	}
	out := bufferPool.Get().(*bytes.Buffer)
	out.Reset()
	enc := c.encoder(encoding, out)
	_, err := enc.Write(body)
	if cerr := enc.Close(); err == nil {
		err = cerr
	}
	enc.release()
	if err == nil && out.Len() < len(body) {
		markEncoded(&ctx.Response.Header, encoding)
		ctx.Response.SetBody(out.Bytes())
	}
	if out.Cap() <= maxPooledBuffer {
		bufferPool.Put(out)
	}
}

// SetBodyStream sets body as the response's body stream, as fasthttp's method of that name does, and compresses it as the
// server's Compression says. Whatever a Read of body returns is on its way to the client before the next Read, so a stream
// that pauses does not leave data behind in the encoder. size is the length in bytes or -1. body is closed, if it is an
// io.Closer, when the response has been written or has failed.
func SetBodyStream(ctx *fasthttp.RequestCtx, body io.Reader, size int) {
	if c := connOf(ctx.Conn()); c != nil && !ctx.IsHead() {
		compression := c.server.cfg.Compression
		if encoding := compression.choose(ctx, int64(size)); encoding != "" {
			markEncoded(&ctx.Response.Header, encoding)
			r := &encodingReader{source: body}
			r.encoder = compression.encoder(encoding, &r.out)
			body, size = r, -1
		}
	}
	ctx.Response.SetBodyStream(body, size)
}

// encodingReader encodes what it reads. Not safe for concurrent use.
type encodingReader struct {
	source  io.Reader
	encoder streamEncoder
	out     bytes.Buffer
	in      []byte
	err     error
}

func (r *encodingReader) Read(p []byte) (int, error) {
	for r.out.Len() == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.in == nil {
			r.in = make([]byte, 8<<10)
		}
		n, err := r.source.Read(r.in)
		if n > 0 {
			if _, werr := r.encoder.Write(r.in[:n]); werr != nil {
				err = werr
			} else if err == nil && n < len(r.in) {
				// A full buffer means there is more where it came from; anything less may be all for a while.
				err = r.encoder.Flush()
			}
		}
		if err == io.EOF {
			if cerr := r.encoder.Close(); cerr != nil {
				err = cerr
			}
		}
		r.err = err
	}
	return r.out.Read(p)
}

func (r *encodingReader) Close() error {
	if r.encoder != nil {
		r.encoder.release()
		r.encoder = nil
		r.err = io.ErrClosedPipe
	}
	if closer, ok := r.source.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
