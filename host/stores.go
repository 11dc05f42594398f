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

// rates are the apps' bounds of operations a second, shared by their modules and versions. Safe for concurrent use.
type rates struct {
	mu    sync.Mutex
	byApp map[string]rated // guarded by mu
}

type rated struct {
	ops  int64
	rate *capability.Rate
}

func (r *rates) of(a *app.App) *capability.Rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.byApp[a.Name]; ok && known.ops == a.Quota.Ops {
		return known.rate
	}
	rate := capability.NewRate(float64(a.Quota.Ops))
	if r.byApp == nil {
		r.byApp = map[string]rated{}
	}
	r.byApp[a.Name] = rated{a.Quota.Ops, rate}
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
	rate := h.rates.of(a)
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

// limit tells the store what a may keep. It does not wait: a store without a leader is told once it has one.
func (h *Host) limit(a *app.App) {
	if h.cfg.Store == nil {
		return
	}
	h.background.Go(func() {
		limits := state.Usage{Bytes: a.Quota.Bytes, Keys: a.Quota.Keys}
		kv := raftstore.NewKV(h.cfg.Store, a.Name)
		for h.life.Err() == nil {
			ctx, cancel := context.WithTimeout(h.life, 30*time.Second)
			_, now, err := kv.Usage(ctx)
			if err == nil && now != limits {
				err = kv.SetQuota(ctx, limits)
			}
			cancel()
			if err == nil {
				return
			}
			h.log.Warn("the app's quota is not set yet", "app", a.Name, "error", err)
			select {
			case <-h.life.Done():
			case <-time.After(time.Second):
			}
		}
	})
}
