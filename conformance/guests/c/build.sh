#!/bin/sh
# Rebuilds conformance.wasm, state.wasm and command.wasm into the folder given, or here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/../../../sdk/c/build-guest.sh" "${1:-$here}/conformance.wasm" "$here/main.c" "$here/calls.c" "$here/leak.c"
"$here/../../../sdk/c/build-guest.sh" "${1:-$here}/state.wasm" "$here/state.c"
"$here/../../../sdk/c/build-guest.sh" "${1:-$here}/command.wasm" "$here/command.c"
