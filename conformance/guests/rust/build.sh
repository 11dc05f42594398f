#!/bin/sh
# Rebuilds conformance.wasm and state.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
"$here/../../../sdk/rust/build-guest.sh" "$here" "${1:-$here}/conformance.wasm"
"$here/../../../sdk/rust/build-guest.sh" "$here/state" "${1:-$here}/state.wasm"
