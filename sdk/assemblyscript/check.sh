#!/bin/sh
# Checks the AssemblyScript SDK: unit tests inside a module, the conformance guests in the test host, and every example of
# README.md and docs/guides/assemblyscript.md. Exits with 3 when a tool is missing.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
command -v node >/dev/null || { echo "check.sh: node is missing; install Node 20 or later" >&2; exit 3; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() {
	"$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

echo "-- unit tests"
for runtime in stub incremental; do
	./build-guest.sh tests/unit.ts "$work/unit.wasm" --runtime "$runtime"
	UNIT_WASM=$work/unit.wasm quietly node --test tests/unit.test.mjs tests/records.test.mjs tests/vectors.test.mjs
	echo "$runtime: $(grep -E '^# pass' "$work/log")"
done

echo "-- the conformance guests in the test host"
for runtime in stub incremental; do
	./build-guest.sh "$root/conformance/guests/assemblyscript/conformance.ts" "$work/conformance.wasm" --runtime "$runtime"
	./build-guest.sh "$root/conformance/guests/assemblyscript/command.ts" "$work/command.wasm" --runtime "$runtime"
	GUESTS=$work/conformance.wasm COMMANDS=$work/command.wasm quietly node --test tests/guests.test.mjs tests/commands.test.mjs
	echo "$runtime: $(grep -E '^# pass' "$work/log")"
done

echo "-- examples of README.md and docs/guides/assemblyscript.md"
# blocks PAGE PREFIX: writes each ts and js block of a page to a file of its own.
blocks() {
	awk -v prefix="$2" '
		/^```(ts|js)$/ { n++; inside = 1; name = prefix n ($0 == "```js" ? ".test.mjs" : ".ts"); next }
		/^```/ { inside = 0 }
		inside { print > name }
	' "$1"
}
mkdir "$work/examples" "$work/examples/node_modules"
ln -s "$PWD" "$work/examples/node_modules/stackhost"
blocks README.md "$work/examples/readme"
blocks "$root/docs/guides/assemblyscript.md" "$work/examples/guide"
for file in "$work"/examples/*.ts; do
	./build-guest.sh "$file" "${file%.ts}.wasm"
done
# A test stands after the program that it tests.
for file in "$work"/examples/*.test.mjs; do
	n=$(basename "$file" .test.mjs | tr -cd 0-9)
	cp "$work/examples/guide$((n - 1)).wasm" "$work/examples/hello.wasm"
	(cd "$work/examples" && quietly node --test "$(basename "$file")")
done
cat >"$work/examples/readme.mjs" <<'EOF'
import { load } from "stackhost/testing";
const app = await load("readme1.wasm");
const text = app.request("GET", "/hello/Ada").text();
if (text !== "Hello, Ada!\n") throw new Error(text);
EOF
(cd "$work/examples" && quietly node readme.mjs)
echo "$(ls "$work"/examples/*.wasm | wc -l) examples compile, $(ls "$work"/examples/*.test.mjs | wc -l) tested"
echo "sdk/assemblyscript is in order"
