#!/bin/sh
# Builds conformance.wasm, state.wasm and command.wasm into the folder given, or this one. The same Go version gives the same bytes.
set -eu
out=$(cd "${1:-$(dirname "$0")}" && pwd)
cd "$(dirname "$0")"
for guest in conformance:. state:./state command:./command; do
	GOOS=wasip1 GOARCH=wasm GOWASM= GOFLAGS= CGO_ENABLED=0 GOWORK=off \
		go build -trimpath -buildvcs=false -buildmode=c-shared -o "$out/${guest%%:*}.wasm" "${guest#*:}"
done
