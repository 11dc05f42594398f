#!/bin/sh
# Rebuilds hello.wasm into the folder given, or here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../build-guest.sh" "${1:-$here}/hello.wasm" "$here/hello.c"
