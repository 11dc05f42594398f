#!/bin/sh
# Rebuilds conformance.wasm, state.wasm and command.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
for guest in conformance state command; do
	"$here/../../../sdk/assemblyscript/build-guest.sh" "$here/$guest.ts" "${1:-$here}/$guest.wasm"
done
