#!/bin/sh
# Builds conformance.wasm. The same Go version gives the same bytes.
set -eu
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm GOFLAGS= CGO_ENABLED=0 GOWORK=off \
	go build -trimpath -buildvcs=false -buildmode=c-shared -o "${1:-conformance.wasm}" .
