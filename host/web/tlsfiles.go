package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// TLSFiles names the files of a certificate. They are looked at again at most once per Recheck, when a client connects; a
// changed pair is used for connections from then on. A pair that cannot be loaded is reported, and the old one stays.
type TLSFiles struct {
	CertFile  string        // PEM, leaf first, then intermediates
	KeyFile   string        // PEM
	Recheck   time.Duration // default 2 s
	OnlyTLS13 bool          // refuse TLS 1.2
	// ClientCAFile, when set, makes clients show a certificate that one of the authorities in this file (PEM) has signed for client
	// authentication. It is read once.
	ClientCAFile string
}

// certificates holds the pair in use. Safe for concurrent use.
type certificates struct {
	files   TLSFiles
	log     *slog.Logger
	config  *tls.Config
	current atomic.Pointer[tls.Certificate]
	checked atomic.Int64                // Unix nanoseconds of the last look
	seen    atomic.Pointer[[2]fileMark] // of the pair in use
	refused atomic.Pointer[[2]fileMark] // of the pair last reported as bad
}

// fileMark tells whether a file has been replaced or rewritten.
type fileMark struct {
	modified time.Time
	size     int64
}

func loadCertificates(files TLSFiles, log *slog.Logger) (*certificates, error) {
	setDefault(&files.Recheck, 2*time.Second)
	c := &certificates{files: files, log: log}
	marks := c.marks()
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("web: load certificate: %w", err)
	}
	c.current.Store(&pair)
	c.seen.Store(&marks)
	c.checked.Store(time.Now().UnixNano())
	c.config = &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
	if files.OnlyTLS13 {
		c.config.MinVersion = tls.VersionTLS13
	}
	if files.ClientCAFile != "" {
		text, err := os.ReadFile(files.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("web: client authorities: %w", err)
		}
		c.config.ClientCAs, c.config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !c.config.ClientCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("web: %s holds no certificate of a client authority", files.ClientCAFile)
		}
	}
	return c, nil
}

// get returns the pair to use now.
func (c *certificates) get() *tls.Certificate {
	now := time.Now().UnixNano()
	last := c.checked.Load()
	if now-last >= int64(c.files.Recheck) && c.checked.CompareAndSwap(last, now) {
		c.reload()
	}
	return c.current.Load()
}

func (c *certificates) reload() {
	marks := c.marks()
	if marks == *c.seen.Load() {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		// Perhaps only one of the two has been written yet, so the next look tries again; it reports the same files once.
		if old := c.refused.Swap(&marks); old != nil && *old == marks {
			return
		}
		c.log.Error("certificate not reloaded, the old one stays", "cert", c.files.CertFile, "key", c.files.KeyFile, "error", err)
		return
	}
	c.seen.Store(&marks)
	c.current.Store(&pair)
	c.log.Info("certificate reloaded", "cert", c.files.CertFile)
}

func (c *certificates) marks() (m [2]fileMark) {
	for i, name := range []string{c.files.CertFile, c.files.KeyFile} {
		if info, err := os.Stat(name); err == nil {
			m[i] = fileMark{info.ModTime(), info.Size()}
		}
	}
	return m
}
