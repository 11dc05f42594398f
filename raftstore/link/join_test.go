package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// seed starts a member that admits others.
func seed(t *testing.T, tokens TokenStore, change func(*Config)) *Link {
	return start(t, newCluster(t, "a"), func(c *Config) {
		c.Tokens = tokens
		c.Members = func(context.Context) ([]Member, error) {
			return []Member{{"a", "127.0.0.1:1", true}, {"old", "127.0.0.1:2", false}}, nil
		}
		if change != nil {
			change(c)
		}
	})
}

func join(t *testing.T, token, node string, seeds ...string) (*Identity, []Member, error) {
	return Join(soon(t), JoinConfig{Dir: filepath.Join(t.TempDir(), "node"), Node: node, Token: token, Seeds: seeds})
}

func TestJoin(t *testing.T) {
	a := seed(t, &MemTokens{}, nil)
	a.HandleCall("/echo", echo)
	token := must(a.NewToken(t.Context(), TokenOptions{Uses: 2}))
	b, members, err := join(t, token, "b", "127.0.0.1:1", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if b.Node() != "b" || b.Cluster() != a.id.Cluster() || !b.CanSign() || len(members) != 2 || members[1].Node != "old" {
		t.Errorf("joined as %s of %s, members %v", b.Node(), b.Cluster(), members)
	}
	// It is a full member: it is known to the first, and admits another.
	lb := start(t, must(Load(b.dir, Options{})), func(c *Config) { c.Tokens = a.cfg.Tokens })
	if got, err := lb.Call(soon(t), a.Addr(), "/echo", []byte("x")); err != nil || string(got) != "b:x" {
		t.Errorf("the new member calls: %q, %v", got, err)
	}
	c, _, err := join(t, token, "c", lb.Addr())
	if err != nil {
		t.Fatalf("join through the new member: %v", err)
	}
	if got, err := start(t, c, nil).Call(soon(t), a.Addr(), "/echo", nil); err != nil || string(got) != "c:" {
		t.Errorf("the third member calls: %q, %v", got, err)
	}
	if _, _, err := join(t, token, "d", a.Addr()); !errors.Is(err, ErrTokenUsed) {
		t.Errorf("a third use of a token for two: %v", err)
	}
	_, _, err = Join(soon(t), JoinConfig{Dir: b.dir, Node: "b", Token: token, Seeds: []string{a.Addr()}})
	if !errors.Is(err, ErrHasIdentity) {
		t.Errorf("join of a member: %v", err)
	}
}

func TestBadTokens(t *testing.T) {
	tokens := &MemTokens{}
	a := seed(t, tokens, nil)
	good := must(a.NewToken(t.Context(), TokenOptions{}))
	other := seed(t, &MemTokens{}, nil)
	foreign := must(other.NewToken(t.Context(), TokenOptions{}))
	parts, theirs := strings.Split(good, "."), strings.Split(foreign, ".")
	late := must(a.NewToken(t.Context(), TokenOptions{TTL: time.Nanosecond}))
	with := func(i int, s string) string {
		p := append([]string(nil), parts...)
		p[i] = s
		return strings.Join(p, ".")
	}
	rows := []struct {
		name, token, node string
		want              error
		text              string
	}{
		{"empty", "", "b", nil, "not a join token"},
		{"cut", good[:len(good)-5], "b", nil, "not a join token"},
		{"other prefix", with(0, "stk2"), "b", nil, "not a join token"},
		{"huge", good + strings.Repeat("A", 1<<20), "b", nil, "not a join token"},
		{"wrong secret", with(2, theirs[2]), "b", ErrTokenInvalid, ""},
		{"wrong cluster", with(1, theirs[1]), "b", nil, "is of cluster"},
		{"wrong authority", with(3, theirs[3]), "b", nil, "the seed's cluster is not the token's"},
		{"another cluster's", foreign, "b", nil, "the seed's cluster is not the token's"},
		{"expired", late, "b", ErrTokenExpired, ""},
		{"name of a member", good, "old", ErrNameTaken, ""},
		{"name of the seed", good, "a", ErrNameTaken, ""},
		{"bad name", good, "B!", nil, "cannot be a node's name"},
	}
	for _, row := range rows {
		_, _, err := join(t, row.token, row.node, a.Addr())
		if err == nil || row.want != nil && !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.text) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	if _, _, err := join(t, good, "b", a.Addr()); err != nil {
		t.Errorf("the good token after all: %v", err)
	}
	if tokens.tokens[0].Hash == [32]byte{} || strings.Contains(fmt.Sprintf("%s", tokens.tokens[0].Hash[:]), parts[2]) {
		t.Error("the store has the secret")
	}
}

// lossy loses the first answer to a claim.
type lossy struct {
	MemTokens
	once sync.Once
}

func (l *lossy) Use(ctx context.Context, hash [32]byte, c Claim) (err error) {
	err = l.MemTokens.Use(ctx, hash, c)
	l.once.Do(func() { err = errors.New("store: no leader") })
	return err
}

func TestJoinAgainAfterLostAnswer(t *testing.T) {
	a := seed(t, &lossy{}, nil)
	token := must(a.NewToken(t.Context(), TokenOptions{}))
	cfg := JoinConfig{Dir: filepath.Join(t.TempDir(), "node"), Node: "b", Token: token, Seeds: []string{a.Addr()}}
	if _, _, err := Join(soon(t), cfg); err == nil || !strings.Contains(err.Error(), "no leader") {
		t.Fatalf("first attempt: %v", err)
	}
	if _, _, err := join(t, token, "b", a.Addr()); !errors.Is(err, ErrTokenUsed) {
		t.Errorf("another machine with the same name: %v", err)
	}
	if _, _, err := Join(soon(t), cfg); err != nil {
		t.Errorf("second attempt: %v", err)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	a := seed(t, &MemTokens{}, nil)
	good := must(a.NewToken(t.Context(), TokenOptions{Uses: 50}))
	for i := range 30 { // those that succeed do not count
		if _, _, err := join(t, good, fmt.Sprintf("n%d", i), a.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	parts := strings.Split(good, ".")
	parts[2] = strings.Repeat("A", 43)
	bad := strings.Join(parts, ".")
	for range attemptsPerHost {
		if _, _, err := join(t, bad, "b", a.Addr()); !errors.Is(err, ErrTokenInvalid) {
			t.Fatal(err)
		}
	}
	if _, _, err := join(t, bad, "b", a.Addr()); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("one attempt too many: %v", err)
	}
	now := time.Now().Add(forgiveHost + time.Second)
	a.limit.mu.Lock()
	a.limit.now = func() time.Time { return now }
	a.limit.mu.Unlock()
	if _, _, err := join(t, good, "b", a.Addr()); err != nil {
		t.Errorf("after waiting: %v", err)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(func() time.Time { return now })
	taken := 0
	for i := range 10_000 {
		if l.take(fmt.Sprint("host", i)) {
			taken++
		}
	}
	if taken != attemptsInAll || len(l.hosts) > maxHosts {
		t.Errorf("%d attempts from many hosts, %d hosts known", taken, len(l.hosts))
	}
	now = now.Add(10 * forgiveAll)
	taken = 0
	for range 100 {
		if l.take("one") {
			taken++
		}
	}
	if taken != 10 {
		t.Errorf("%d attempts from one host, want 10", taken)
	}
}

// TestJoinPortTakesGarbage sends what no node sends to the only place a stranger reaches.
func TestJoinPortTakesGarbage(t *testing.T) {
	a := seed(t, &MemTokens{}, func(c *Config) { c.HandshakeTimeout = 300 * time.Millisecond })
	rows := []struct{ name, send, want string }{
		{"not HTTP", "\x00\xff\x01garbage\r\n\r\n", "400"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""},
		{"another path", "POST /link/v1/renew HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "404"},
		{"another method", "GET /link/v1/join HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
		{"not JSON", "POST /link/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "400"},
		{"huge body", "POST /link/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n{\"node\":\"" +
			strings.Repeat("x", 1<<20), "400"},
		{"huge header", "POST /link/v1/join HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20), "431"},
		{"slow header", "POST /link/v1/join HTT", ""},
		{"slow body", "POST /link/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", "400"},
		{"no body's end, empty JSON", "POST /link/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "400"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, err := tls.Dial("tcp", a.Addr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protoJoin}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(4 * time.Second))
			go io.WriteString(c, row.send)
			got, err := io.ReadAll(c)
			if isTimeout(err) {
				t.Errorf("the connection is still open; got %q", got)
			}
			answered := strings.HasPrefix(string(got), "HTTP/1.1 "+row.want)
			if !answered && (row.want != "" || len(got) > 0) && err == nil {
				t.Errorf("got %.200q, want status %q", got, row.want)
			}
		})
	}
}

// TestSilentConnections holds more connections than are allowed to be in a handshake; peers get through.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	first := newCluster(t, "a")
	a := start(t, first, func(c *Config) { c.HandshakeTimeout = 2 * time.Second })
	b := start(t, another(t, first, "b", false, Options{}), nil)
	var conns []net.Conn
	for range maxHandshakes + 20 {
		c, err := net.Dial("tcp", a.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	begin := time.Now()
	if _, err := b.Ping(soon(t), a.Addr()); err != nil {
		t.Errorf("a peer among silent connections: %v", err)
	}
	if d := time.Since(begin); d > 900*time.Millisecond {
		t.Errorf("it waited %v for them", d)
	}
	closed := func(c net.Conn, within time.Duration) bool {
		c.SetReadDeadline(time.Now().Add(within))
		_, err := io.Copy(io.Discard, c)
		return !isTimeout(err)
	}
	if !closed(conns[0], time.Second) {
		t.Error("the oldest was kept although there are too many")
	}
	if last := conns[len(conns)-1]; closed(last, time.Millisecond) || !closed(last, 4*time.Second) {
		t.Error("the newest was closed too early, or is open after the time for a handshake")
	}
}
