package host

import (
	"os"
	"testing"

	"github.com/stackhost/stackhost/host/app"
)

// TestExtismPlugin serves the app of the benchmark.
func TestExtismPlugin(t *testing.T) {
	a, err := app.Load("../bench/app")
	if err != nil {
		t.Fatal(err)
	}
	_, url := open(t, Config{}, a)
	for range 3 {
		want(t, url+"/extism", 200, "Hello from Extism")
	}
}

// TestExtismUserFunction has one plug-in ask another through a host function of the manifest.
func TestExtismUserFunction(t *testing.T) {
	wasm, err := os.ReadFile("dialect/extism/testdata/answer.wasm")
	if err != nil {
		t.Fatal(err)
	}
	_, url := open(t, Config{Development: true}, write(t, t.TempDir(), map[string]string{"answer.wasm": string(wasm), "stackhost.toml": `
name = "two"

[modules.front]
path = "answer.wasm"

[modules.front.extism]
function = "ask"
middleware = "handle"
functions = [{ name = "ask", module = "back" }]
config = { answer = '{"action":"pass","path":"/inside","response_headers":{"x-passed":"yes"}}' }

[modules.back]
path = "answer.wasm"

[modules.back.extism]
function = "echo"
functions = [{ name = "ask", module = "front" }]

[modules.broken]
path = "answer.wasm"

[modules.broken.extism]
function = "fail"
functions = [{ name = "ask", module = "back" }]
config = { answer = "out of cheese" }

[[routes]]
path = "GET /{rest...}"
module = "front"
middleware = ["front"]

[[routes]]
path = "GET /broken"
module = "broken"
`}))
	// The request comes back as the answer: it has a body and headers as a response does.
	status, _, header := get(t, url+"/outside")
	if status != 200 || header.Get("X-Passed") != "yes" {
		t.Errorf("status %d, header %v", status, header)
	}
	want(t, url+"/broken", 500, "out of cheese")
}
