#!/bin/sh
# Rebuilds conformance.wasm into the folder given, or here. The same Go version gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "${1:-$here}" && pwd)
cd "$here"
GOOS=wasip1 GOARCH=wasm GOFLAGS= CGO_ENABLED=0 GOWORK=off \
	go build -trimpath -buildvcs=false -buildmode=c-shared -o "$out/conformance.wasm" .
