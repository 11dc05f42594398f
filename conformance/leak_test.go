package conformance_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// leakClient is a connection that costs little, so that a million requests take minutes.
type leakClient struct {
	client *fasthttp.HostClient
	url    string
}

func newLeakClient(url string) *leakClient {
	return &leakClient{&fasthttp.HostClient{Addr: strings.TrimPrefix(url, "http://"), MaxConns: 1}, url}
}

func (c *leakClient) get(path, marker string) (string, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(c.url + path)
	req.Header.Set("X-Marker", marker)
	if err := c.client.DoTimeout(req, res, 20*time.Second); err != nil {
		return "", err
	}
	if res.StatusCode() != 200 {
		return "", fmt.Errorf("status %d: %s", res.StatusCode(), res.Body())
	}
	return string(res.Body()), nil
}

func (c *leakClient) close() { c.client.CloseIdleConnections() }
