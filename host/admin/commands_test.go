package admin

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stackhost/stackhost/host/app"
	"github.com/stackhost/stackhost/host/dialect"
)

// reading is a host whose only command returns after one piece of input, while a goroutine that it leaves behind waits for more.
type reading struct{ left chan error }

func (reading) Commands(string) ([]*app.Command, error) { return []*app.Command{{Name: "one"}}, nil }

func (r reading) RunCommand(_ context.Context, _, _ string, c *dialect.Command) (int, error) {
	pieces := make(chan string)
	go func() {
		b := make([]byte, 100)
		n, _ := c.Stdin.Read(b)
		pieces <- string(b[:n])
		for {
			if _, err := c.Stdin.Read(b); err != nil {
				r.left <- err
				return
			}
		}
	}()
	io.WriteString(c.Stdout, <-pieces)
	time.Sleep(5 * time.Millisecond) // the goroutine reads again by then
	return 7, nil
}

// A command that ends while its caller could still type has its answer at once, and nobody reads the request's body after that.
func TestACommandEndsBeforeItsInput(t *testing.T) {
	left := make(chan error, 1)
	n := start(t, func(c *Config) { c.Services.Commands = reading{left} })
	for range 20 {
		input, typed := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), "POST", n.url+"/v1/apps/shop/commands/one", input)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+n.token)
		go io.WriteString(typed, "{}\nhello")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		typed.Close()
		if text := string(body); err != nil || !strings.Contains(text, "o\x00\x00\x00\x05hello") || !strings.Contains(text, `{"exit":7}`) {
			t.Fatalf("%q, %v", text, err)
		}
		if err := <-left; err == nil {
			t.Error("the body was read on")
		}
	}
}
