#!/bin/sh
# Rebuilds feed.wasm into the folder given, or here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../../sdk/c/build-guest.sh" "${1:-$here}/feed.wasm" "$here/feed.c"
