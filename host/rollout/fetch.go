package rollout

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/app/bundle"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/state"
)

// load fetches, verifies, unpacks and compiles a version.
func (a *Agent) load(ctx context.Context, k key, v state.AppVersion) error {
	dir := filepath.Join(a.cfg.Dir, v.Digest.String(), fmt.Sprintf("%s-%d", k.app, k.version))
	if err := a.fetch(ctx, v, dir); err != nil {
		return err
	}
	loaded, err := app.LoadBundle(dir)
	if err != nil {
		return err
	}
	if loaded.Name != k.app {
		return fmt.Errorf("the bundle is of app %s, not %s", loaded.Name, k.app)
	}
	return a.cfg.Host.Prepare(ctx, loaded, k.version)
}

// fetch copies the bundle from the store and unpacks it. What an earlier process left is not trusted.
func (a *Agent) fetch(ctx context.Context, v state.AppVersion, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	info, err := a.cfg.Apps.StatBundle(ctx, raftstore.Stale(0), v.Digest)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(dir), ".fetch-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.ReadFrom(a.cfg.Apps.OpenBundle(ctx, v.Digest, info.Size)); err != nil {
		return err
	}
	_, err = bundle.Unpack(f, v.Digest.String(), dir)
	return err
}

// clean removes folders of bundles that nothing needs.
func (a *Agent) clean(needed map[string]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.jobs {
		if j.running {
			return
		}
	}
	entries, err := os.ReadDir(a.cfg.Dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		switch since, ok := a.idle[e.Name()]; {
		case needed[e.Name()]:
			delete(a.idle, e.Name())
		case !ok:
			a.idle[e.Name()] = time.Now()
		case time.Since(since) > keepFolder:
			delete(a.idle, e.Name())
			if err := os.RemoveAll(filepath.Join(a.cfg.Dir, e.Name())); err != nil {
				a.cfg.Log.Debug("cannot remove a bundle's folder", "error", err.Error())
			}
		}
	}
}
