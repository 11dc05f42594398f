#!/bin/sh
# Builds a guest: sdk/zig/build-guest.sh OUT.wasm MAIN.zig. Needs Zig 0.16.0, found as $ZIG, in .ci/tools or on PATH.
# Compiled and linked in two steps, because Zig keeps function names only together with debug information: the linker then drops
# that, which is most of the file and has paths of this machine in it, and leaves the names, which backtraces show.
# One job, because names of instances have numbers in them that depend on the order of the work.
set -eu
out=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
sdk=$(cd "$(dirname "$0")" && pwd)
main=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
zig=$("$sdk/find-zig.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$zig" build-obj -j1 -target wasm32-freestanding -O ReleaseSmall -fno-strip -fcompiler-rt --name guest \
	--dep stackhost "-Mroot=$main" "-Mstackhost=$sdk/stackhost.zig"
"$zig" wasm-ld --no-entry --strip-debug --export-dynamic --stack-first -z stack-size=32768 -o guest.wasm guest.o
cat guest.wasm >"$out"
