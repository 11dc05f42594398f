#!/bin/sh
# Rebuilds conformance.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
exec "$here/../../../sdk/rust/build-guest.sh" "$here" "${1:-$here}/conformance.wasm"
