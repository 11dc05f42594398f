// Package stackhost is the Go SDK for stackhost guests: handlers compiled to WebAssembly with the standard Go toolchain
// (GOOS=wasip1, GOARCH=wasm, -buildmode=c-shared).
//
// Handlers are registered in init, since a guest is a library whose main is never called:
//
//	package main
//
//	import stackhost "github.com/stackhost/stackhost/sdk/go"
//
//	func init() {
//		stackhost.Handle("GET /hello/{name}", func(w *stackhost.Response, r *stackhost.Request) error {
//			return w.Text("Hello, " + r.Param("name"))
//		})
//	}
//
//	func main() {}
//
// The three main types are Request, Response and Mux. What a module asks of its host (Fetch, Log, Config, Secret, Supports,
// Batch) are functions of this package; the linker drops the imports of those that are not used. What it keeps in the cluster is in
// namespaces that the manifest grants: KV, Cache, Locks and Blobs, each named by a string, and ClusterSecret.
//
// A module is booted once: package variables are initialised, init functions and functions given to OnBoot run, and the
// memory that results is what every request starts from. Nothing a request writes is there for the next one.
//
// A guest serves one request at a time, so nothing in this package needs locks. Requests, their strings and their slices
// are valid until the handler returns. The package does not depend on net/http or fmt; package nethttp adapts an
// http.Handler for those who want one, at the price of a module more than twice as large.
//
// Package job makes a module run background jobs, package middleware makes it look at requests before their handlers,
// and package stackhosttest runs handlers in ordinary Go tests.
package stackhost
