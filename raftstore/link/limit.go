package link

import (
	"sync"
	"time"
)

// Attempts to join that fail: bursts, and how long one of them takes to be forgiven.
const (
	attemptsPerHost = 10
	attemptsInAll   = 100
	forgiveHost     = 6 * time.Second
	forgiveAll      = time.Second
	maxHosts        = 4096
)

// limiter counts failed attempts by host and in all, as buckets that leak. A host is forgotten when its bucket is empty; when too many
// are known, only the count of all holds the others back. Safe for concurrent use.
type limiter struct {
	now   func() time.Time
	mu    sync.Mutex
	all   bucket            // guarded by mu
	hosts map[string]bucket // guarded by mu
}

// bucket is full until a time: each attempt moves it.
type bucket struct{ until time.Time }

func (b *bucket) take(now time.Time, each time.Duration, burst int) bool {
	if b.until.Before(now) {
		b.until = now
	}
	next := b.until.Add(each)
	if next.Sub(now) > each*time.Duration(burst) {
		return false
	}
	b.until = next
	return true
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, hosts: map[string]bucket{}}
}

// take counts an attempt and tells whether it may go on.
func (l *limiter) take(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	h, known := l.hosts[host]
	if !known && len(l.hosts) >= maxHosts {
		for name, b := range l.hosts {
			if b.until.Before(now) {
				delete(l.hosts, name)
			}
		}
	}
	if known || len(l.hosts) < maxHosts {
		if !h.take(now, forgiveHost, attemptsPerHost) {
			return false
		}
	}
	if !l.all.take(now, forgiveAll, attemptsInAll) {
		return false
	}
	if known || len(l.hosts) < maxHosts {
		l.hosts[host] = h
	}
	return true
}

// forgive takes back an attempt that succeeded.
func (l *limiter) forgive(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.until = l.all.until.Add(-forgiveAll)
	if h, ok := l.hosts[host]; ok {
		l.hosts[host] = bucket{h.until.Add(-forgiveHost)}
	}
}
