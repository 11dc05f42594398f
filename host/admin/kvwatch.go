package admin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// heartbeat is how often a watch sends a line when nothing happens: that shows whether the client is still there, and lets it know up to
// where it was told everything.
const heartbeat = 5 * time.Second

type watchedEvent struct {
	state.Event
	err error
}

// watch streams changes until the client has gone.
func (k kvAPI) watch(c *Call) error {
	if k.Watcher == nil {
		return abi.Errorf(abi.CodeUnsupported, "this node cannot watch keys")
	}
	given, err := c.QueryInt("from", 0, 0, 1<<63-1)
	if err != nil {
		return err
	}
	from := uint64(given)
	if from == 0 {
		if from, err = k.index(c, raftstore.Linearizable); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(c.Context())
	app, ns, prefix := c.Path("app"), c.Path("ns"), []byte(c.Query("prefix"))
	events := make(chan watchedEvent)
	go func() {
		defer close(events)
		for e, err := range k.Watcher.Watch(ctx, app, ns, prefix, from) {
			select {
			case events <- watchedEvent{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		cancel()
		for range events {
		}
	}()
	out, err := c.Stream(200, "application/x-ndjson", -1)
	if err != nil {
		return err
	}
	k.tell(c, out, events, from)
	return nil
}

// tell writes events as lines until there are no more or nobody reads them. Everything up to seen was told.
func (k kvAPI) tell(c *Call, out *web.Stream, events <-chan watchedEvent, seen uint64) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	applied, quiet := seen, true // at the last beat, and since then
	line := KVChange{Index: seen}
	for {
		text, err := json.Marshal(line)
		if err == nil {
			_, err = out.Write(append(text, '\n'))
		}
		if err != nil || out.Flush() != nil || line.Error != "" {
			return
		}
		select {
		case e, ok := <-events:
			switch {
			case !ok:
				return
			case e.err != nil:
				line = KVChange{Error: e.err.Error()}
			default:
				seen, quiet = max(seen, e.Version>>20-1), false // there may be more with the index of this one
				line = KVChange{Value: e.Value, Version: e.Version, Deleted: e.Deleted, Index: seen}
				line.Key, line.Raw = kvText(e.Key)
			}
		case <-beat.C:
			if quiet { // what had been applied at the beat before has been told by now
				seen = max(seen, applied)
			}
			if at, err := k.index(c, raftstore.Stale(0)); err == nil {
				applied, quiet = at, true
			}
			line = KVChange{Index: seen}
		}
	}
}

// index returns the index of the state.
func (k kvAPI) index(c *Call, level raftstore.Consistency) (at uint64, err error) {
	ctx, cancel := c.within(0)
	defer cancel()
	err = k.Store.View(ctx, level, func(v *state.View) error {
		at = v.Index
		return nil
	})
	return at, err
}
