// Command etcd is etcd's own server and, as `etcd load JOB`, a load process that uses its own client. It is in a module of its own so
// that etcd's dependencies stay apart from those of the other benchmarks.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/stackhost/stackhost/bench/store/load"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"go.uber.org/zap"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "load" {
		if err := load.Main(os.Args[2:], (&pool{}).dial); err != nil {
			log.Fatal(err)
		}
		return
	}
	etcdmain.Main(os.Args)
}

// perConnection is how many clients share a connection. With 64 clients on two processors, 8 did best among 1, 4, 8, 16 and 64.
const perConnection = 8

// pool shares connections between clients.
type pool struct {
	mu    sync.Mutex
	conns []*clientv3.Client // guarded by mu
	users int                // guarded by mu
}

func (p *pool) dial(job load.Job) (load.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users%perConnection == 0 {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{job.Address}, Logger: zap.NewNop()})
		if err != nil {
			return nil, err
		}
		p.conns = append(p.conns, c)
	}
	p.users++
	return &client{p.conns[len(p.conns)-1]}, nil
}

type client struct{ *clientv3.Client }

func (c *client) Put(key string, value []byte) error {
	_, err := c.Client.Put(context.Background(), key, string(value))
	return err
}

func (c *client) Get(key string, stale bool) ([]byte, error) {
	var options []clientv3.OpOption
	if stale {
		options = append(options, clientv3.WithSerializable())
	}
	r, err := c.Client.Get(context.Background(), key, options...)
	if err != nil {
		return nil, err
	}
	if len(r.Kvs) != 1 {
		return nil, fmt.Errorf("get %s: %d values", key, len(r.Kvs))
	}
	return r.Kvs[0].Value, nil
}

// Close ends nothing: connections are shared and end with the process.
func (c *client) Close() error { return nil }
