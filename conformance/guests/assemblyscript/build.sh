#!/bin/sh
# Rebuilds conformance.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
exec "$here/../../../sdk/assemblyscript/build-guest.sh" "$here/conformance.ts" "${1:-$here}/conformance.wasm"
