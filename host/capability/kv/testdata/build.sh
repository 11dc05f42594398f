#!/usr/bin/env bash
# Builds the guests of this package's tests into the folder given (default: here). Needs wat2wasm (wabt).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
for source in "$here"/*.wat; do
  wat2wasm --debug-names "$source" -o "$out/$(basename "${source%.wat}").wasm"
done
