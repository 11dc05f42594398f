package fetch

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stackhost/stackhost/abi"
)

// rule is one parsed host pattern.
type rule struct {
	scheme string // "" = http and https
	host   string // lower case; "" = any; with suffix: ends with ".example.org"
	suffix bool
	port   string // "" = the scheme's default, "*" = any
}

func parseRule(text string) (rule, error) {
	var r rule
	rest := strings.ToLower(text)
	if scheme, after, ok := strings.Cut(rest, "://"); ok {
		if scheme != "http" && scheme != "https" {
			return r, errors.New("the scheme is http or https")
		}
		r.scheme, rest = scheme, after
	}
	if strings.ContainsAny(rest, "/?#@ \t") || rest == "" {
		return r, errors.New("write a host name, with a port where it is not the default one")
	}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") && !(strings.Count(rest, ":") > 1 && rest[0] != '[') {
		rest, r.port = rest[:i], rest[i+1:]
		if r.port == "" {
			return r, errors.New("the port is empty")
		}
	}
	rest = strings.Trim(rest, "[]")
	switch {
	case rest == "*":
	case strings.HasPrefix(rest, "*."):
		r.host, r.suffix = rest[1:], true
	case strings.Contains(rest, "*"):
		return r, errors.New("a star stands alone or for whole labels at the front: *.example.org")
	default:
		r.host = strings.TrimSuffix(rest, ".")
	}
	return r, nil
}

func (r rule) match(u *url.URL) bool {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if r.scheme != "" && r.scheme != u.Scheme {
		return false
	}
	def := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		port = def
	}
	switch r.port {
	case "*":
	case "":
		if port != def {
			return false
		}
	default:
		if port != r.port {
			return false
		}
	}
	switch {
	case r.host == "":
		return true
	case r.suffix:
		return strings.HasSuffix(host, r.host) && len(host) > len(r.host)
	}
	return host == r.host
}

func (f *Fetch) allow(u *url.URL, method string) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return abi.Errorf(abi.CodeInvalid, "fetch: the scheme of a URL is http or https")
	}
	if u.User != nil {
		return abi.Errorf(abi.CodeInvalid, "fetch: put credentials into an Authorization header, not into the URL")
	}
	if len(f.cfg.Methods) > 0 && !slices.Contains(f.cfg.Methods, strings.ToUpper(method)) {
		return abi.Errorf(abi.CodeDenied, "fetch: method %s is not granted", method)
	}
	for _, r := range f.rules {
		if r.match(u) && (f.cfg.Allow == nil || f.cfg.Allow(u)) {
			return nil
		}
	}
	return abi.Errorf(abi.CodeDenied, "fetch: host %s is not granted", u.Host)
}

// guardedDialer checks each address right before it is connected to, so a name that resolves to several addresses, or to
// another one than a moment ago, leads nowhere else.
func guardedDialer(private bool) *net.Dialer {
	return &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return abi.Errorf(abi.CodeDenied, "fetch: cannot tell whether the address is public")
			}
			if !private && !Public(ap.Addr()) {
				return abi.Errorf(abi.CodeDenied, "fetch: the host's address is not public; grant `private = true` to reach it")
			}
			return nil
		},
	}
}

// notPublic are the special-purpose blocks of the IANA registries (RFC 6890 and its successors) that netip has no method for.
var notPublic = func() (blocks []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
		"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		blocks = append(blocks, netip.MustParsePrefix(s))
	}
	return blocks
}()

// Public tells whether a is an address of the public internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.Zone() != "" {
		return false
	}
	for _, block := range notPublic {
		if block.Contains(a) {
			return false
		}
	}
	return true
}
