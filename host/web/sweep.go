package web

import (
	"time"
)

// overdue tells whether a wait has lasted longer than its kind may.
func (s *Server) overdue(mark int64) bool {
	l := &s.cfg.Limits
	limit := l.BodyTimeout
	switch waitKind(mark & 3) {
	case waitIdle:
		limit = l.IdleTimeout
	case waitHead:
		limit = l.HeadTimeout
	}
	return s.clock.Load()-mark >= int64(limit)
}

// tick is how often the sweeper looks: often enough that a limit is exceeded by little.
func (l *Limits) tick() time.Duration {
	shortest := min(l.HeadTimeout, l.BodyTimeout, l.WriteTimeout, l.IdleTimeout)
	return min(max(shortest/8, 2*time.Millisecond), 100*time.Millisecond)
}

// sweep advances the server's clock and interrupts reads and writes that have waited too long. It also ends idle
// connections while the server drains.
func (s *Server) sweep() {
	defer close(s.swept)
	ticker := time.NewTicker(s.cfg.Limits.tick())
	defer ticker.Stop()
	past := time.Unix(1, 0)
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
		case <-s.nudge:
		}
		now := int64(time.Since(s.epoch))
		s.clock.Store(now)
		draining := s.draining.Load()
		s.mu.Lock()
		for c := range s.conns {
			if mark := c.reading.Load(); mark != 0 && (s.overdue(mark) || draining && waitKind(mark&3) == waitIdle) {
				c.Conn.SetReadDeadline(past)
			}
			if mark := c.writing.Load(); mark != 0 && now-mark >= int64(s.cfg.Limits.WriteTimeout) {
				c.Conn.SetWriteDeadline(past)
			}
		}
		s.mu.Unlock()
	}
}
