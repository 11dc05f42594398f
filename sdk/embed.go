// Package sdk carries the sources of the guest SDKs, so that `stackhost new` can put one beside a new program and it builds
// without anything to download.
//
// The Go SDK is a module of its own, whose files an embed directive cannot reach; gosdk.txtar holds them. `go generate ./sdk`
// makes it anew.
package sdk

import "embed"

//go:generate go run ./internal/pack

// Files are the SDKs that are folders of this module.
//
//go:embed rust/Cargo.toml rust/src assemblyscript/package.json assemblyscript/asconfig.json assemblyscript/index.ts assemblyscript/assembly js/stackhost.d.ts js/codes_gen.d.ts
//go:embed c/stackhost.h c/stackhost.c c/stackhost_abi.h c/src zig/stackhost.zig zig/abi.zig zig/src
var Files embed.FS

// Go is the Go SDK as a txtar archive.
//
//go:embed gosdk.txtar
var Go []byte
