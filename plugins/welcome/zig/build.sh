#!/bin/sh
# Rebuilds welcome.wasm into the folder given, or here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../../sdk/zig/build-guest.sh" "${1:-$here}/welcome.wasm" "$here/welcome.zig"
