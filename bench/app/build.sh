#!/usr/bin/env bash
# Builds the benchmark's own guests into the folder given (default: here). Needs clang-19 and lld-19.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
cd "$here"
clang-19 --target=wasm32 -O2 -nostdlib -Wl,--no-entry -Wl,--strip-debug -o "$out/extism_hello.wasm" extism_hello.c
