package host

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/capability"
	"github.com/stackhost/stackhost/host/capability/blob"
	"github.com/stackhost/stackhost/host/capability/cache"
	"github.com/stackhost/stackhost/host/capability/kv"
	"github.com/stackhost/stackhost/host/capability/lock"
	"github.com/stackhost/stackhost/host/capability/secret"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// quotas are what apps may do and keep, as the versions that serve say. Safe for concurrent use.
type quotas struct {
	mu     sync.Mutex
	rates  map[string]*capability.Rate // guarded by mu; of an app, shared by its modules and versions
	wanted map[string]state.Usage      // guarded by mu; of apps whose limits are being told to the store
}

// rate returns the bound of an app's operations. It is the app's that serves; before any does, that of a.
func (q *quotas) rate(a *app.App) *capability.Rate {
	q.mu.Lock()
	defer q.mu.Unlock()
	rate := q.rates[a.Name]
	if rate == nil {
		if q.rates == nil {
			q.rates = map[string]*capability.Rate{}
		}
		rate = capability.NewRate(a.Quota.Ops)
		q.rates[a.Name] = rate
	}
	return rate
}

// stores gives a module what its manifest grants of the replicated store. The app's name is the tenant, so no app reaches the data of
// another whatever namespaces it names.
func (h *Host) stores(a *app.App, m *app.Module) (granted []capability.Capability, err error) {
	if !m.Stores() {
		return nil, nil
	}
	if h.cfg.Store == nil {
		return nil, errors.New("the module is granted kv, cache, lock, blob or secret, and this host has no store: run it with `stackhost serve`")
	}
	rate := h.quotas.rate(a)
	of := func(names []string) capability.Namespaces { return capability.Namespaces{Names: names, Rate: rate} }
	if len(m.KV) > 0 {
		granted = append(granted, kv.New(raftstore.NewKV(h.cfg.Store, a.Name), of(m.KV)))
	}
	if len(m.Cache) > 0 {
		granted = append(granted, cache.New(raftstore.NewCache(h.cfg.Store, a.Name, h.tier), of(m.Cache)))
	}
	if len(m.Lock) > 0 {
		granted = append(granted, lock.New(raftstore.NewLock(h.cfg.Store, a.Name), of(m.Lock)))
	}
	if len(m.Blob) > 0 {
		granted = append(granted, blob.New(raftstore.NewBlob(h.cfg.Store, a.Name), of(m.Blob)))
	}
	if len(m.Secret) > 0 {
		if h.cfg.Secrets == nil {
			return nil, errors.New("the module is granted secrets, and this host has none")
		}
		granted = append(granted, secret.New(h.cfg.Secrets, a.Name, m.Secret))
	}
	return granted, nil
}

// cacheTierBytes bounds what a node keeps of caches in memory.
const cacheTierBytes = 64 << 20

// limit makes a's quota the one that counts. It does not wait for the store: one without a leader is told once it has one.
func (h *Host) limit(a *app.App) {
	if h.cfg.Store == nil {
		return
	}
	h.quotas.rate(a).Set(a.Quota.Ops)
	q := &h.quotas
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wanted == nil {
		q.wanted = map[string]state.Usage{}
	}
	_, told := q.wanted[a.Name]
	q.wanted[a.Name] = state.Usage{Bytes: a.Quota.Bytes, Keys: a.Quota.Keys}
	if !told { // else the one at work goes on until there is nothing newer
		h.background.Go(func() { h.tell(a.Name) })
	}
}

// tell brings the limits of an app that are wanted to the store.
func (h *Host) tell(name string) {
	q, kv := &h.quotas, raftstore.NewKV(h.cfg.Store, name)
	for h.life.Err() == nil {
		q.mu.Lock()
		limits := q.wanted[name]
		q.mu.Unlock()
		ctx, cancel := context.WithTimeout(h.life, 30*time.Second)
		_, now, err := kv.Usage(ctx)
		if err == nil && now != limits {
			err = kv.SetQuota(ctx, limits)
		}
		cancel()
		if err == nil {
			q.mu.Lock()
			done := q.wanted[name] == limits
			if done {
				delete(q.wanted, name)
			}
			q.mu.Unlock()
			if done {
				return
			}
			continue
		}
		h.log.Warn("the app's quota is not set yet", "app", name, "error", err)
		select {
		case <-h.life.Done():
		case <-time.After(time.Second):
		}
	}
}
