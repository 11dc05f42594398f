#!/usr/bin/env bash
# Builds the guests of this package's tests into the folder given (default: here). Needs wat2wasm (wabt), and clang 19 with
# lld for the guests in C, which are left alone without it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
for source in "$here"/*.wat; do
  wat2wasm --debug-names "$source" -o "$out/$(basename "${source%.wat}").wasm"
done
if command -v clang-19 >/dev/null; then
  (cd "$here" && clang-19 --target=wasm32 -O2 -nostdlib -Wl,--no-entry -Wl,-z,stack-size=8192 -Wl,--strip-debug -fuse-ld=/usr/bin/wasm-ld-19 \
    -o "$out/handler.wasm" handler.c)
fi
