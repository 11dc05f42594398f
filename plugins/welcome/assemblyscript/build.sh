#!/bin/sh
# Rebuilds welcome.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
exec "$here/../../../sdk/assemblyscript/build-guest.sh" "$here/welcome.ts" "${1:-$here}/welcome.wasm"
