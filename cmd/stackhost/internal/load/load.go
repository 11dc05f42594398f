// Package load sends HTTP requests at a steady rate, or as fast as the answers come, and keeps the latencies in a histogram.
//
// At a steady rate each request has a planned start. Its latency counts from there, not from when a free connection was found,
// so a server that stalls is charged for every request that had to wait (the "coordinated omission" of Gil Tene's talk "How NOT
// to Measure Latency").
package load

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"
)

// Config says what to send. The zero value of a field means its default.
type Config struct {
	URL         string
	Method      string // default GET
	Body        []byte
	Headers     []string      // "name: value"
	Connections int           // default 32
	Rate        float64       // requests per second; 0 means as fast as answers come
	Duration    time.Duration // default 10 s
	Timeout     time.Duration // of one request, default 10 s
}

// Report is what was measured. Latencies are in microseconds.
type Report struct {
	URL         string        `json:"url"`
	Connections int           `json:"connections"`
	Rate        float64       `json:"rate"` // asked for; 0 means none
	Seconds     float64       `json:"seconds"`
	Requests    int64         `json:"requests"`
	PerSecond   float64       `json:"requests_per_second"`
	Bytes       int64         `json:"bytes"`
	Errors      int64         `json:"errors"` // no answer at all
	Statuses    map[int]int64 `json:"statuses"`
	Percentiles []Percentile  `json:"percentiles"`
	MeanMicros  float64       `json:"mean_us"`
	MaxMicros   int64         `json:"max_us"`
	FirstError  string        `json:"first_error,omitempty"`
	histogram   *hdrhistogram.Histogram
}

// Percentile is the latency that Percent of the requests did not exceed.
type Percentile struct {
	Percent float64 `json:"percent"`
	Micros  int64   `json:"us"`
}

var percents = []float64{50, 75, 90, 95, 99, 99.9, 99.99}

// Run sends requests until the duration has passed or ctx ends.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := fill(&cfg); err != nil {
		return nil, err
	}
	client := &fasthttp.HostClient{
		MaxConns: cfg.Connections, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout, MaxIdemponentCallAttempts: 1,
		DisablePathNormalizing: true,
	}
	target, _ := url.Parse(cfg.URL)
	client.Addr, client.IsTLS = target.Host, target.Scheme == "https"
	if target.Port() == "" {
		client.Addr += map[string]string{"http": ":80", "https": ":443"}[target.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Duration)
	defer cancel()
	defer client.CloseIdleConnections()

	workers := make([]worker, cfg.Connections)
	var planned atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for i := range workers {
		w := &workers[i]
		*w = worker{cfg: &cfg, client: client, histogram: newHistogram(), statuses: map[int]int64{}}
		wg.Go(func() { w.run(ctx, start, &planned) })
	}
	wg.Wait()
	return merge(cfg, workers, time.Since(start)), nil
}

func fill(cfg *Config) error {
	target, err := url.Parse(cfg.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return fmt.Errorf("load: %q is not an absolute http or https URL", cfg.URL)
	}
	if cfg.Method == "" {
		cfg.Method = "GET"
	}
	if cfg.Connections == 0 {
		cfg.Connections = 32
	}
	if cfg.Duration == 0 {
		cfg.Duration = 10 * time.Second
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Rate < 0 || cfg.Connections < 0 || cfg.Duration < 0 {
		return errors.New("load: rate, connections and duration are not negative")
	}
	return nil
}

// newHistogram covers a microsecond to two minutes with three significant digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 120_000_000, 3) }

type worker struct {
	cfg       *Config
	client    *fasthttp.HostClient
	histogram *hdrhistogram.Histogram
	statuses  map[int]int64
	bytes     int64
	errors    int64
	first     error
}

func (w *worker) run(ctx context.Context, start time.Time, planned *atomic.Int64) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	for ctx.Err() == nil {
		intended := time.Now()
		if w.cfg.Rate > 0 {
			n := planned.Add(1) - 1
			intended = start.Add(time.Duration(float64(n) / w.cfg.Rate * float64(time.Second)))
			if !sleepUntil(ctx, intended) {
				return
			}
		}
		prepare(req, w.cfg)
		err := w.client.DoTimeout(req, res, w.cfg.Timeout)
		if err != nil {
			w.errors++
			if w.first == nil {
				w.first = err
			}
			continue
		}
		w.histogram.RecordValue(max(1, time.Since(intended).Microseconds()))
		w.statuses[res.StatusCode()]++
		w.bytes += int64(len(res.Body()))
	}
}

func prepare(req *fasthttp.Request, cfg *Config) {
	req.Reset()
	req.SetRequestURI(cfg.URL)
	req.Header.SetMethod(cfg.Method)
	for _, h := range cfg.Headers {
		for i := range len(h) {
			if h[i] == ':' {
				req.Header.Add(h[:i], trimLeft(h[i+1:]))
				break
			}
		}
	}
	req.SetBodyRaw(cfg.Body)
}

func trimLeft(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

func sleepUntil(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func merge(cfg Config, workers []worker, took time.Duration) *Report {
	r := &Report{URL: cfg.URL, Connections: cfg.Connections, Rate: cfg.Rate, Seconds: took.Seconds(), Statuses: map[int]int64{}, histogram: newHistogram()}
	for i := range workers {
		w := &workers[i]
		r.histogram.Merge(w.histogram)
		r.Bytes += w.bytes
		r.Errors += w.errors
		for status, n := range w.statuses {
			r.Statuses[status] += n
		}
		if w.first != nil && r.FirstError == "" {
			r.FirstError = w.first.Error()
		}
	}
	r.Requests = r.histogram.TotalCount()
	r.PerSecond = float64(r.Requests) / r.Seconds
	r.MeanMicros, r.MaxMicros = r.histogram.Mean(), r.histogram.Max()
	for _, p := range percents {
		r.Percentiles = append(r.Percentiles, Percentile{p, r.histogram.ValueAtQuantile(p)})
	}
	return r
}
