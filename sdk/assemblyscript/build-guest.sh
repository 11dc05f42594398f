#!/bin/sh
# Builds a guest of this repository: sdk/assemblyscript/build-guest.sh ENTRY.ts OUT.wasm [asc options]
#
# Takes the compiler from $ASC, from the nearest node_modules, or from PATH. The result depends on nothing but the
# sources and the compiler's version: paths that get into it are relative.
set -eu

entry=$1
out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)

asc=${ASC:-}
for dir in "$root/sdk/assemblyscript" "$root" "$root/.ci/tools"; do
	[ -n "$asc" ] || [ ! -x "$dir/node_modules/.bin/asc" ] || asc=$dir/node_modules/.bin/asc
done
[ -n "$asc" ] || asc=$(command -v asc || true)
if [ -z "$asc" ]; then
	echo "$0: the compiler asc is missing; install it with" >&2
	echo "  npm install assemblyscript@0.28.20" >&2
	exit 3
fi

# A folder in which the package has its name, as npm would make it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/node_modules"
ln -s "$root/sdk/assemblyscript" "$work/node_modules/stackhost"

cd "$(dirname "$entry")"
"$asc" "$(basename "$entry")" --path "$work/node_modules" --config "$work/node_modules/stackhost/asconfig.json" --outFile "$out" "$@"
