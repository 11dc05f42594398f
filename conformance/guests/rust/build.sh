#!/bin/sh
# Rebuilds conformance.wasm, state.wasm and command.wasm into the folder given, or here.
set -eu
here=$(dirname "$0")
"$here/../../../sdk/rust/build-guest.sh" "$here" "${1:-$here}/conformance.wasm"
for guest in state command; do
	"$here/../../../sdk/rust/build-guest.sh" "$here/$guest" "${1:-$here}/$guest.wasm"
done
