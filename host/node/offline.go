package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/link"
)

// This file holds what is done to a data folder while no node runs on it.

// defaultListen is where other nodes reach a node that was not told an address.
const defaultListen = "127.0.0.1:9441"

// storeDir is the folder of the replicated state below a data folder.
func storeDir(data string) string { return filepath.Join(data, "store") }

// prepare makes the data folder and returns its settings, with an address for other nodes.
func (cfg *Config) prepare() (*settings, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	s, err := cfg.settings()
	if err == nil && s.Listen == "" {
		s.Listen = defaultListen
	}
	return s, err
}

// Init makes cfg.Data the data folder of the first node of a new cluster, or lets others join a node that was alone until now. It returns
// the node's name. A node that others can join already is an error.
func Init(cfg Config) (name string, err error) {
	s, err := cfg.prepare()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cfg.Data, "node")
	if _, err := link.Load(dir, link.Options{}); !errors.Is(err, link.ErrNoIdentity) {
		if err == nil {
			err = fmt.Errorf("%s is the data folder of a cluster's node %q already: `stackhost serve --data %s` runs it", cfg.Data, s.Name, cfg.Data)
		}
		return "", err
	}
	if _, err := link.Init(dir, s.Name, link.Options{}); err != nil {
		return "", err
	}
	return s.Name, s.write(cfg.Data)
}

// Join makes cfg.Data the data folder of a node of the cluster that cfg.Token and cfg.Seeds are of. The node becomes a member when it
// runs.
func Join(ctx context.Context, cfg Config) (name string, err error) {
	if cfg.Token == "" || len(cfg.Seeds) == 0 {
		return "", errors.New("a node joins with a token and the address of a member's --node-listen")
	}
	s, err := cfg.prepare()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(storeDir(cfg.Data), "FORMAT")); err == nil {
		return "", fmt.Errorf("%s has data of its own already: a node joins with a new folder", cfg.Data)
	}
	_, members, err := link.Join(ctx, link.JoinConfig{Dir: filepath.Join(cfg.Data, "node"), Node: s.Name, Token: cfg.Token, Seeds: cfg.Seeds})
	if err != nil {
		return "", err
	}
	s.Joined, s.Joining = true, cfg.Seeds
	for _, m := range members {
		s.Joining = append(s.Joining, m.Addr)
	}
	return s.Name, s.write(cfg.Data)
}

// Restore makes a new data folder from a backup: that of the only node of a new cluster. It returns the node's name.
func Restore(cfg Config, backup io.Reader) (name string, err error) {
	if entries, err := os.ReadDir(cfg.Data); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: a backup is restored to a new folder", cfg.Data)
	}
	s, err := cfg.settings()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return "", err
	}
	if err := raftstore.Restore(storeDir(cfg.Data), s.Name, backup); err != nil {
		return "", err
	}
	return s.Name, s.write(cfg.Data)
}

// Recover makes the node of a data folder the only voter of its cluster; see raftstore.Recover. It returns the node's name.
func Recover(data string) (name string, err error) {
	s, err := existing(data)
	if err != nil {
		return "", err
	}
	if err := raftstore.Recover(storeDir(data), s.Name); err != nil {
		return "", err
	}
	s.Joining = nil // the members that it knew are gone
	return s.Name, s.write(data)
}

// Verify reads everything that a data folder's store holds; see raftstore.Verify.
func Verify(ctx context.Context, data string) (raftstore.Report, error) {
	if _, err := existing(data); err != nil {
		return raftstore.Report{}, err
	}
	return raftstore.Verify(ctx, storeDir(data))
}

// existing returns the settings of a data folder that a node has run on.
func existing(data string) (*settings, error) {
	if _, err := os.Stat(filepath.Join(data, settingsFile)); err != nil {
		return nil, fmt.Errorf("%s is not the data folder of a node: it has no %s", data, settingsFile)
	}
	return (&Config{Data: data}).settings()
}
