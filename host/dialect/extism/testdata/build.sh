#!/usr/bin/env bash
# Builds the guests of the tests. Needs wabt.
set -euo pipefail
cd "$(dirname "$0")"
for f in *.wat; do wat2wasm "$f" -o "${f%.wat}.wasm"; done
