package capability

import (
	"io"
	"sync"

	"github.com/stackhost/stackhost/abi"
)

// Streams are the open streams of one call. The zero value is empty. Safe for concurrent use; one stream is used by one
// goroutine at a time.
type Streams struct {
	mu   sync.Mutex
	open []any // io.Reader, io.Writer or nil; handle = index + 1
}

// Open adds a stream, which reads when it is an io.Reader and writes when it is an io.Writer, and is closed with the call
// when it is an io.Closer. The handle is never 0.
func (t *Streams) Open(stream any) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= abi.LimitStreams {
		return 0, abi.Errorf(abi.CodeLimit, "a call may open %d streams", abi.LimitStreams)
	}
	t.open = append(t.open, stream)
	return uint64(len(t.open)), nil
}

// Reader returns an open readable stream.
func (t *Streams) Reader(handle uint64) (io.Reader, error) {
	stream, err := t.get(handle)
	if err != nil {
		return nil, err
	}
	if r, ok := stream.(io.Reader); ok {
		return r, nil
	}
	return nil, abi.Errorf(abi.CodeInvalid, "stream %d cannot be read", handle)
}

// Writer returns an open writable stream.
func (t *Streams) Writer(handle uint64) (io.Writer, error) {
	stream, err := t.get(handle)
	if err != nil {
		return nil, err
	}
	if w, ok := stream.(io.Writer); ok {
		return w, nil
	}
	return nil, abi.Errorf(abi.CodeInvalid, "stream %d cannot be written", handle)
}

// Close closes a stream. A handle is never used again within a call.
func (t *Streams) Close(handle uint64) error {
	stream, err := t.get(handle)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.open[handle-1] = nil
	t.mu.Unlock()
	if c, ok := stream.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (t *Streams) get(handle uint64) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if handle == 0 || handle > uint64(len(t.open)) {
		return nil, abi.Errorf(abi.CodeInvalid, "there is no stream %d", handle)
	}
	if t.open[handle-1] == nil {
		return nil, abi.Errorf(abi.CodeClosed, "stream %d is closed", handle)
	}
	return t.open[handle-1], nil
}

func (t *Streams) closeAll() {
	for i, stream := range t.open {
		if c, ok := stream.(io.Closer); ok {
			c.Close()
		}
		t.open[i] = nil
	}
	t.open = t.open[:0]
}
