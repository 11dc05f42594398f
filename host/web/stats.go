package web

import "sync/atomic"

// Stats is a view of a Server's counters at one moment. Counters only grow while the server lives.
type Stats struct {
	Connections int   // open now
	InFlight    int64 // requests inside the handler now
	Accepted    int64 // connections taken
	TurnedAway  int64 // connections refused because there were too many
	Requests    int64 // requests that reached the server's handler
	Overloaded  int64 // of these, answered 503 because too many were in flight
	Refused     int64 // requests refused as bad HTTP, too large or too slow
	Panics      int64 // handlers that panicked
	AccessLost  int64 // access records dropped because their writer was behind
}

type counters struct {
	inFlight, accepted, turnedAway, requests, overloaded, refused, panics atomic.Int64
}

// Stats returns the counters as they are now.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	open := len(s.conns)
	s.mu.Unlock()
	c := &s.stats
	return Stats{
		Connections: open,
		InFlight:    c.inFlight.Load(),
		Accepted:    c.accepted.Load(),
		TurnedAway:  c.turnedAway.Load(),
		Requests:    c.requests.Load(),
		Overloaded:  c.overloaded.Load(),
		Refused:     c.refused.Load(),
		Panics:      c.panics.Load(),
		AccessLost:  s.cfg.Access.Dropped(),
	}
}
