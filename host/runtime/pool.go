package runtime

import (
	"context"
	"sync"
	"time"
)

// pool keeps a module's idle instances, last used first, and bounds how many there are. Safe for concurrent use.
type pool struct {
	mu      sync.Mutex
	most    int
	idle    []*Instance      // guarded by mu
	total   int              // instances that exist or are being made; guarded by mu
	waiters []chan *Instance // first come first served; guarded by mu
	closed  bool             // guarded by mu
	empty   chan struct{}    // closed when the pool is closed and total is 0
}

func (p *pool) init(m *Module, first *Instance) error {
	p.most, p.empty = m.limits.Concurrency, make(chan struct{})
	if first != nil {
		p.total = 1
		first.dirty = false
		first.use.Store(free)
		first.idle = m.rt.clock.Load()
		p.idle = append(p.idle, first)
	}
	return nil
}

// acquire returns an idle instance, or nil when the caller should make one, which counts already.
func (p *pool) acquire(ctx context.Context, wait time.Duration) (*Instance, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return in, nil
	}
	if p.total < p.most {
		p.total++
		p.mu.Unlock()
		return nil, nil
	}
	turn := make(chan *Instance, 1)
	p.waiters = append(p.waiters, turn)
	p.mu.Unlock()

	timer := time.NewTimer(max(0, wait))
	defer timer.Stop()
	err := ErrBusy
	select {
	case in, open := <-turn:
		if !open {
			return nil, ErrClosed
		}
		return in, nil
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	for i, w := range p.waiters {
		if w == turn {
			p.waiters = append(p.waiters[:i], p.waiters[i+1:]...)
			p.mu.Unlock()
			return nil, err
		}
	}
	p.mu.Unlock()
	// The turn came at the last moment.
	in, open := <-turn
	if !open {
		return nil, ErrClosed
	}
	return in, nil
}

// release takes an instance back, to the first waiter when there is one.
func (p *pool) release(in *Instance) {
	in.idle = in.module.rt.clock.Load()
	p.mu.Lock()
	if w := p.next(); w != nil {
		p.mu.Unlock()
		w <- in
		return
	}
	if p.closed {
		p.mu.Unlock()
		in.destroy()
		p.discarded()
		return
	}
	p.idle = append(p.idle, in)
	p.mu.Unlock()
}

// discarded counts an instance out; a waiter may make another in its place.
func (p *pool) discarded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.next(); w != nil {
		w <- nil // has room for one
		return
	}
	p.total--
	p.finish()
}

func (p *pool) next() chan *Instance {
	if len(p.waiters) == 0 {
		return nil
	}
	w := p.waiters[0]
	p.waiters = p.waiters[1:]
	return w
}

func (p *pool) finish() {
	if p.closed && p.total == 0 {
		select {
		case <-p.empty:
		default:
			close(p.empty)
		}
	}
}

// drain closes the pool and waits until every instance is gone.
func (p *pool) drain() {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.waiters {
		close(w)
	}
	p.waiters = nil
	idle := p.idle
	p.idle = nil
	p.total -= len(idle)
	p.finish()
	p.mu.Unlock()
	for _, in := range idle {
		in.destroy()
	}
	<-p.empty
}

// trim throws away instances that were last used before t. The least recently used are at the front.
func (p *pool) trim(t time.Time) {
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && p.idle[n].idle < t.UnixNano() {
		n++
	}
	gone := append([]*Instance(nil), p.idle[:n]...)
	p.idle = append(p.idle[:0], p.idle[n:]...)
	p.mu.Unlock()
	for _, in := range gone {
		in.destroy()
		p.discarded()
	}
}

func (p *pool) counts() (inUse, idle int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total - len(p.idle), len(p.idle)
}
