#!/bin/sh
# Rebuilds conformance.wasm, state.wasm and command.wasm into the folder given, or here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/../../../sdk/zig/build-guest.sh" "${1:-$here}/conformance.wasm" "$here/main.zig"
"$here/../../../sdk/zig/build-guest.sh" "${1:-$here}/state.wasm" "$here/state.zig"
"$here/../../../sdk/zig/build-guest.sh" "${1:-$here}/command.wasm" "$here/command.zig"
