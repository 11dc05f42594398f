#!/bin/sh
# Checks the Zig SDK: format, unit tests, the golden vectors, the examples of README.md and docs/guides/zig.md, and the conformance
# guest in the test host. Exits with 3 when a tool is missing.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
zig=$(./find-zig.sh)
command -v node >/dev/null || { echo "check.sh: node is missing; install Node 20 or later" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v go >/dev/null || { echo "check.sh: go is missing; it prints the golden vectors" >&2; exit 3; }
"$zig" fmt --check . "$root/conformance/guests/zig" "$root/plugins/welcome/zig"
"$zig" test tests.zig
mkdir "$work/sdk"
cp -R abi.zig stackhost.zig vectors.zig src "$work/sdk/"
go run ../c/tests/vectors.go "$root/abi/testdata/vectors.json" >"$work/sdk/vectors.tsv"
(cd "$work/sdk" && "$zig" test vectors.zig)
for page in README.md "$root/docs/guides/zig.md"; do
	awk -v prefix="$work/$(basename "$page" .md)" '
		/^```zig$/ { n++; inside = 1; next }
		/^```/ { inside = 0 }
		inside { print > (prefix n ".zig") }
	' "$page"
done
for file in "$work"/*.zig; do
	if grep -q '^test ' "$file"; then "$zig" test --dep stackhost "-Mroot=$file" -Mstackhost=stackhost.zig; fi
	./build-guest.sh "$work/example.wasm" "$file"
done
echo "$(ls "$work"/*.zig | wc -l) examples compile"
"$root/conformance/guests/zig/build.sh" "$work"
GUESTS=$work/conformance.wasm node --test ../assemblyscript/tests/guests.test.mjs >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
grep -E '^# (pass|fail)' "$work/log"
cmp "$work/conformance.wasm" "$root/conformance/guests/zig/conformance.wasm"
"$root/plugins/welcome/zig/build.sh" "$work"
cmp "$work/welcome.wasm" "$root/plugins/welcome/zig/welcome.wasm"
echo "sdk/zig is in order"
