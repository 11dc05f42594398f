package quickjs_test

import (
	"testing"

	"github.com/stackhost/stackhost/host/runtime"
)

// Handlers as small as can be: what is measured is the engine's own work for a request, restore included.
func BenchmarkHello(b *testing.B) {
	for name, source := range map[string]string{
		"sync":   `export default { fetch() { return new Response("Hello from JavaScript") } }`,
		"async":  `export default { async fetch() { return new Response("Hello from JavaScript") } }`,
		"router": `import { router } from "stackhost"; export default router().get("/js/hello", () => new Response("Hello from JavaScript"))`,
		"json":   `export default { fetch(r: Request) { return Response.json({ path: new URL(r.url).pathname, agent: r.headers.get("user-agent") }) } }`,
	} {
		for _, isolation := range []runtime.Isolation{runtime.Pristine, runtime.Reuse} {
			b.Run(name+"/"+string(isolation), func(b *testing.B) {
				g := program(b, source, options{isolation: isolation})
				x := newExchange("GET /js/hello\nUser-Agent: bench\nAccept: */*", nil)
				b.ReportAllocs()
				for b.Loop() {
					if err := g.HTTP(x); err != nil {
						b.Fatal(err)
					}
					x.Ctx.Response.Reset()
				}
			})
		}
	}
}

// BenchmarkLoop is a thousand rounds of the smallest loop: what interpreted code costs.
func BenchmarkLoop(b *testing.B) {
	g := program(b, `export default () => { let s = 0; for (let i = 0; i < 1000; i++) s += i; return new Response("" + s) }`, options{})
	x := newExchange("GET /", nil)
	for b.Loop() {
		if err := g.HTTP(x); err != nil {
			b.Fatal(err)
		}
		x.Ctx.Response.Reset()
	}
}
