// Package node runs one node: the data folder, the store, the link to other nodes, the host and the admin API, wired together.
//
//	n, err := node.Open(ctx, node.Config{Data: dir, Host: host.Config{…}})
//	err = n.Host.Serve(listener)
//	err = n.Close(ctx)
//
// A data folder has:
//
//	node.json      the node's name and how others reach it
//	node/          certificates and the cluster's authority, once others can reach it (see raftstore/link)
//	store/         the replicated state (see raftstore)
//	bundles/       unpacked versions of apps
//	admin.json     where the admin API listens, and its root token
//	secret.key     the master key of secrets, when none was given
package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stackhost/stackhost/host"
	"github.com/stackhost/stackhost/host/admin"
	"github.com/stackhost/stackhost/host/rollout"
	"github.com/stackhost/stackhost/host/web"
	"github.com/stackhost/stackhost/raftstore"
	"github.com/stackhost/stackhost/raftstore/link"
	"github.com/valyala/fasthttp"
)

// Config of a Node. Required: Data.
type Config struct {
	// Data is the data folder. It is made if need be.
	Data string
	// Name is the node's name. Default: that of earlier runs, or one made of the host's name.
	Name string
	// Listen is where other nodes reach this one, host:port, and Advertise the address that they are told. Both default to those of
	// earlier runs; without any the node is alone.
	Listen, Advertise string
	// Token and Seeds are for a node that joins a cluster: a join token and addresses of members. They are used once.
	Token string
	Seeds []string
	// Learner keeps a joining node without a vote.
	Learner bool
	// Admin is where the admin API listens, "off" for nowhere. Default: DefaultAdmin, or any free port when that is taken.
	Admin string
	// AdminTLS makes the admin API speak TLS, and ask for client certificates if it says so. nil: plain HTTP.
	AdminTLS *web.TLSFiles
	// SecretKeyFile has the master keys of secrets; see raftstore.SecretKeys.
	SecretKeyFile string
	// RemoveDead is how long a voter may be silent before it is removed. 0: never.
	RemoveDead time.Duration
	// Host is the host's configuration; DataDir, Store and Secrets are set here.
	Host host.Config
	// Wall tells the time of day, for tests. Default: time.Now.
	Wall func() time.Time
	// Feature limits the commands this node offers, for tests of rolling upgrades. Default: all of this version.
	Feature uint16
	// Log gets records.
	Log *slog.Logger
	// Failed is called once when the store must not go on; the process should end.
	Failed func(error)
}

// DefaultAdmin is where the admin API listens.
const DefaultAdmin = "127.0.0.1:9440"

// Node is a running node.
type Node struct {
	Host  *host.Host
	Store *raftstore.Store
	Link  *link.Link // nil when the node is alone
	Admin *admin.Server

	cfg      Config
	opened   atomic.Pointer[raftstore.Store] // Store, for calls that come while the node starts
	adminURL atomic.Value                    // string
	agent    *rollout.Agent
	served   chan error
	balancer *balancer
}

// settings are node.json.
type settings struct {
	Name      string   `json:"name"`
	Listen    string   `json:"listen,omitempty"`
	Advertise string   `json:"advertise,omitempty"`
	Learner   bool     `json:"learner,omitempty"`
	Joined    bool     `json:"joined,omitempty"`  // a cluster that existed
	Joining   []string `json:"joining,omitempty"` // members to ask, until one agreed
}

const settingsFile = "node.json"

// Open starts a node. It waits until the store has a leader, or ctx ends.
func Open(ctx context.Context, cfg Config) (n *Node, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	s, err := cfg.settings()
	if err != nil {
		return nil, err
	}
	n = &Node{cfg: cfg, balancer: &balancer{log: cfg.Log, limit: int64(cfg.Host.Limits.WithDefaults().InFlight)}}
	defer func() {
		if err != nil {
			n.Close(context.Background())
		}
	}()
	network, bootstrap, err := n.connect(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := s.write(cfg.Data); err != nil {
		return nil, err
	}
	store := raftstore.Config{
		Dir: filepath.Join(cfg.Data, "store"), Node: s.Name, Bootstrap: bootstrap, RemoveDead: cfg.RemoveDead, Wall: cfg.Wall,
		Feature: cfg.Feature, Log: cfg.Log, Failed: cfg.Failed,
	}
	if network != nil {
		store.Network = network
	}
	if n.Store, err = raftstore.Open(store); err != nil {
		return nil, err
	}
	n.opened.Store(n.Store)
	n.Store.Describe(func() raftstore.Info { return n.balancer.info(s.Learner, n.AdminURL()) })
	if n.Link != nil {
		n.balancer.serve(n.Link, n.Store)
		if members := joinAt(s, n.Store); len(members) > 0 {
			if err := n.Store.Join(ctx, members); err != nil {
				return nil, err
			}
			s.Joining = nil
			if err := s.write(cfg.Data); err != nil {
				return nil, err
			}
		}
	}
	return n, n.startHost(ctx, s)
}

// joinAt returns the members that have to know of this node: those it joins through, or those it knows, which may have an old address.
func joinAt(s *settings, store *raftstore.Store) (addrs []string) {
	if len(s.Joining) > 0 {
		return s.Joining
	}
	for _, m := range store.Members() {
		if m.Node == store.Node() && m.Address == s.Advertise {
			return nil
		}
		if m.Node != store.Node() {
			addrs = append(addrs, m.Address)
		}
	}
	return addrs
}

func (n *Node) startHost(ctx context.Context, s *settings) (err error) {
	cfg := n.cfg
	keys, err := raftstore.OpenKeyring(raftstore.SecretKeys{
		File: cfg.SecretKeyFile, Text: os.Getenv("STACKHOST_SECRET_KEY"), Own: filepath.Join(cfg.Data, "secret.key"),
		Made: func(path string) {
			cfg.Log.Warn("made a master key for secrets: back it up, nothing else can read them", "file", path)
		},
	})
	if err != nil {
		return err
	}
	n.Store.ShareKeys(keys)
	secrets := raftstore.NewSecrets(n.Store, keys)
	h := cfg.Host
	h.Store, h.Secrets = n.Store, secrets
	inner := h.Intercept
	h.Intercept = func(c *fasthttp.RequestCtx) bool { return inner != nil && inner(c) || n.balancer.intercept(c) }
	h.Overflow = n.balancer.overflow
	if n.Host, err = host.Open(h); err != nil {
		return err
	}
	n.balancer.host.Store(n.Host)
	if n.Link != nil {
		go n.Host.Serve(n.balancer.inbox)
	}
	apps := raftstore.NewApps(n.Store)
	n.agent = rollout.Start(rollout.Config{Node: s.Name, Apps: apps, Host: n.Host, Dir: filepath.Join(cfg.Data, "bundles"), Log: cfg.Log})
	n.Store.OnVisible(n.agent.Notify)
	if cfg.Admin == "off" {
		return nil
	}
	services := admin.Services{
		Store: n.Store, Watcher: n.Store, Secrets: secrets, Cluster: n.Store, Ready: n.ready, Sessions: raftstore.NewSessions(n.Store),
		Rollout: &rollout.Coordinator{Apps: apps, Voters: n.voters}, URL: n.Host.URL, Commands: n.Host,
	}
	if n.Link != nil {
		services.JoinToken = func(ctx context.Context, ttl time.Duration, uses int) (string, error) {
			return n.Link.NewToken(ctx, link.TokenOptions{TTL: ttl, Uses: uses})
		}
	}
	if n.Admin, err = admin.New(admin.Config{Services: services, Data: cfg.Data, Node: s.Name, TLS: cfg.AdminTLS, Log: cfg.Log}); err != nil {
		return err
	}
	address := cfg.Admin
	if address == "" {
		address = DefaultAdmin
	}
	ln, err := net.Listen("tcp", address)
	if err != nil && cfg.Admin == "" { // another node of this machine has it, and this one's address is in admin.json anyway
		ln, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("the admin API cannot listen on %s: %w; choose another address with --admin, or \"off\"", cfg.Admin, err)
	}
	url, err := n.Admin.Announce(ln.Addr())
	n.adminURL.Store(url)
	if err != nil {
		ln.Close()
		return err
	}
	n.served = make(chan error, 1)
	go func() { n.served <- n.Admin.Serve(ln) }()
	return nil
}

// Data is the node's data folder.
func (n *Node) Data() string { return n.cfg.Data }

// AdminURL is where the admin API listens, "" for nowhere.
func (n *Node) AdminURL() string {
	url, _ := n.adminURL.Load().(string)
	return url
}

// Settled is closed once what the cluster serves is served here.
func (n *Node) Settled() <-chan struct{} { return n.agent.Settled() }

func (n *Node) ready() error {
	if n.balancer.draining.Load() {
		return errors.New("the node is about to stop")
	}
	return n.agent.Ready()
}

// voters returns the live voters and learners for good by name: those that serve.
func (n *Node) voters(context.Context) (names []string, err error) {
	peers := map[string]raftstore.Peer{}
	for _, p := range n.Store.Peers() {
		peers[p.Node] = p
	}
	for _, m := range n.Store.Members() {
		if p, ok := peers[m.Node]; (m.Voter || p.Info.Learner) && (!ok || time.Since(p.Heard) < 5*time.Second) {
			names = append(names, m.Node)
		}
	}
	return names, nil
}

// Drain makes the node refuse new work of others and hand over its own, before Close.
func (n *Node) Drain() { n.balancer.draining.Store(true) }

// Close stops everything, in the order in which it depends on each other. Requests under way are finished until ctx ends.
func (n *Node) Close(ctx context.Context) error {
	var errs []error
	n.Drain()
	if n.Host != nil {
		errs = append(errs, n.Host.Shutdown(ctx))
	}
	if n.Admin != nil {
		errs = append(errs, n.Admin.Close())
		if n.served != nil {
			<-n.served
		}
	}
	if n.agent != nil {
		n.agent.Close()
	}
	if n.Host != nil {
		errs = append(errs, n.Host.Close())
	}
	if n.Store != nil {
		errs = append(errs, n.Store.Close())
	}
	if n.Link != nil {
		errs = append(errs, n.Link.Close())
	}
	return errors.Join(errs...)
}

// settings reads node.json and puts what the configuration says over it.
func (cfg *Config) settings() (*settings, error) {
	s := &settings{}
	path := filepath.Join(cfg.Data, settingsFile)
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, s)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case s.Name == "" && cfg.Name == "":
		s.Name = newName()
	case s.Name == "":
		s.Name = cfg.Name
	case cfg.Name != "" && cfg.Name != s.Name:
		return nil, fmt.Errorf("%s is the data folder of node %q, not of %q: a node keeps its name", cfg.Data, s.Name, cfg.Name)
	}
	if !link.ValidNode(s.Name) {
		return nil, fmt.Errorf("--node %q: use 1 to 63 lower-case letters, digits and dashes", s.Name)
	}
	if cfg.Listen != "" {
		s.Listen, s.Advertise = cfg.Listen, cfg.Advertise
	} else if cfg.Advertise != "" {
		s.Advertise = cfg.Advertise
	}
	s.Learner = s.Learner || cfg.Learner
	return s, nil
}

func (s *settings) write(data string) error {
	b, _ := json.MarshalIndent(s, "", "  ")
	path := filepath.Join(data, settingsFile)
	if err := os.WriteFile(path+".tmp", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// newName makes a name of the machine's and four random digits.
func newName() string {
	name, _ := os.Hostname()
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
	if len(name) > 40 {
		name = name[:40]
	}
	b := make([]byte, 3)
	rand.Read(b)
	return strings.TrimLeft(name+"-"+hex.EncodeToString(b), "-")
}

// connect opens the link to other nodes, if there is to be one. bootstrap tells that a new store is the beginning of a cluster.
func (n *Node) connect(ctx context.Context, s *settings) (network *raftstore.LinkNetwork, bootstrap bool, err error) {
	cfg := n.cfg
	dir := filepath.Join(cfg.Data, "node")
	id, err := link.Load(dir, link.Options{})
	switch {
	case err == nil:
		bootstrap = !s.Joined
	case !errors.Is(err, link.ErrNoIdentity):
		return nil, false, err
	case cfg.Token != "":
		if _, err := os.Stat(filepath.Join(cfg.Data, "store", "FORMAT")); err == nil {
			return nil, false, fmt.Errorf("%s has data of its own already: a node joins with a new folder", cfg.Data)
		}
		if len(cfg.Seeds) == 0 {
			return nil, false, errors.New("--join needs --seed, the address of a member's --node-listen")
		}
		var members []link.Member
		if id, members, err = link.Join(ctx, link.JoinConfig{Dir: dir, Node: s.Name, Token: cfg.Token, Seeds: cfg.Seeds}); err != nil {
			return nil, false, err
		}
		s.Joined, s.Joining = true, cfg.Seeds
		for _, m := range members {
			s.Joining = append(s.Joining, m.Addr)
		}
		if s.Listen == "" {
			s.Listen = "127.0.0.1:9441"
		}
	case s.Listen != "":
		if id, err = link.Init(dir, s.Name, link.Options{}); err != nil {
			return nil, false, err
		}
		bootstrap = true
	default:
		return nil, true, nil
	}
	if s.Listen == "" {
		s.Listen = "127.0.0.1:9441"
	}
	n.Link, err = link.Listen(link.Config{
		Addr: s.Listen, Advertise: s.Advertise, Identity: id, Tokens: &tokens{n}, Members: n.members, Peers: n.peers, Log: cfg.Log,
		Allow: func(node string) bool { s := n.opened.Load(); return s == nil || !s.Removed(node) },
	})
	if err != nil {
		return nil, false, fmt.Errorf("nodes cannot be reached at %s: %w; choose another address with --node-listen", s.Listen, err)
	}
	s.Advertise = n.Link.Addr()
	return raftstore.NewNetwork(n.Link), bootstrap, nil
}

func (n *Node) peers() (addrs []string) {
	s := n.opened.Load()
	if s == nil {
		return nil
	}
	for _, p := range s.Peers() {
		addrs = append(addrs, p.Address)
	}
	return addrs
}

func (n *Node) members(context.Context) (members []link.Member, err error) {
	s := n.opened.Load()
	if s == nil {
		return nil, errors.New("the node is starting")
	}
	for _, m := range s.Members() {
		members = append(members, link.Member{Node: m.Node, Addr: m.Address, Voter: m.Voter})
	}
	return members, nil
}
