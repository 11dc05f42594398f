package web

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// streamEncoder writes encoded bytes to the writer it was made for. release gives it back to its pool and must be its last use.
type streamEncoder interface {
	io.Writer
	Flush() error
	Close() error
	release()
}

// resettable is what the encoders of the three libraries have in common.
type resettable interface {
	io.Writer
	Flush() error
	Close() error
	Reset(io.Writer)
}

type pooledEncoder struct {
	resettable
	pool *sync.Pool
}

func (e *pooledEncoder) release() {
	e.Reset(nil) // do not keep the connection alive
	e.pool.Put(e)
}

// encoder returns a pooled encoder for one of the known codings.
func (c *Compression) encoder(encoding string, w io.Writer) streamEncoder {
	if s, ok := w.(*Stream); ok {
		w = rawStream{s}
	}
	e := c.pools[encoding].Get().(*pooledEncoder)
	e.Reset(w)
	return e
}

// rawStream is where an encoder of a Stream writes.
type rawStream struct{ stream *Stream }

func (r rawStream) Write(p []byte) (int, error) { return r.stream.raw(p) }

func (c *Compression) gzipPool() *sync.Pool {
	return encoderPool(func() resettable {
		level := min(max(c.GzipLevel, gzip.BestSpeed), gzip.BestCompression)
		w, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			panic(err) // the level is within bounds
		}
		return w
	})
}

func (c *Compression) brotliPool() *sync.Pool {
	return encoderPool(func() resettable {
		return brotli.NewWriterLevel(nil, min(max(c.BrotliLevel, brotli.BestSpeed), brotli.BestCompression))
	})
}

// zstdWindow stays far below the 8 MiB that RFC 9659 lets a content coding ask of a client, for the sake of our own memory.
const zstdWindow = 512 << 10

func (c *Compression) zstdPool() *sync.Pool {
	return encoderPool(func() resettable {
		w, err := zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(min(max(c.ZstdLevel, 1), 11))),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are constants within bounds
		}
		return w
	})
}

func encoderPool(make func() resettable) *sync.Pool {
	p := new(sync.Pool)
	p.New = func() any { return &pooledEncoder{resettable: make(), pool: p} }
	return p
}
