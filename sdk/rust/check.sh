#!/bin/sh
# Checks the Rust SDK: unit tests, every example of README.md and docs/guides/rust.md, and README's program as WebAssembly
# in the test host under Node. Exits with 3 when a tool is missing.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
cargo=${STACKHOST_CARGO:-/usr/bin/cargo}
if [ -x "$cargo" ]; then
	tools=$(dirname "$cargo") # not what PATH has beside it: another toolchain, perhaps without a default
	[ ! -x "$tools/rustc" ] || export RUSTC="$tools/rustc" RUSTDOC="$tools/rustdoc"
else
	cargo=$(command -v cargo || true)
fi
if [ -z "$cargo" ]; then
	echo "check.sh: cargo is missing; install it with" >&2
	echo "  apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-19" >&2
	exit 3
fi
command -v node >/dev/null || { echo "check.sh: node is missing; install Node 20 or later" >&2; exit 3; }

echo "-- tests of the SDK"
"$cargo" test --offline --quiet

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# blocks PAGE PREFIX: writes each rust block of a page to a file of its own.
blocks() {
	awk -v prefix="$2" '
		/^```rust$/ { n++; inside = 1; next }
		/^```/ { inside = 0 }
		inside { print > (prefix n ".rs") }
	' "$1"
}

echo "-- examples of README.md and docs/guides/rust.md"
mkdir -p "$work/guide/src" "$work/guide/examples"
: >"$work/guide/src/lib.rs"
blocks README.md "$work/guide/examples/readme"
blocks "$root/docs/guides/rust.md" "$work/guide/examples/guide"
cat >"$work/guide/Cargo.toml" <<EOF
[package]
name = "guide"
version = "0.1.0"
edition = "2021"
[dependencies]
stackhost = { path = "$root/sdk/rust" }
EOF
for file in "$work"/guide/examples/*.rs; do
	printf '[[example]]\nname = "%s"\ncrate-type = ["cdylib"]\ntest = true\n' "$(basename "$file" .rs)" >>"$work/guide/Cargo.toml"
done
CARGO_TARGET_DIR=$PWD/target/guide "$cargo" test --offline --quiet --manifest-path "$work/guide/Cargo.toml" --examples >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; exit 1; }
echo "$(ls "$work"/guide/examples | wc -l) examples compile, $(grep -c '^test result: ok' "$work/log") were run as tests"

echo "-- README's program as WebAssembly"
mkdir -p "$PWD/target/readme/src"
cp "$work/guide/examples/readme1.rs" "$PWD/target/readme/src/lib.rs"
cat >"$PWD/target/readme/Cargo.toml" <<'EOF'
[package]
name = "readme"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[dependencies]
stackhost = { path = "../../../../sdk/rust" }
EOF
./build-guest.sh target/readme "$work/readme.wasm"
cat >"$work/run.mjs" <<EOF
import { load } from "$root/sdk/assemblyscript/testing/host.mjs";
const app = await load("$work/readme.wasm");
const text = app.request("GET", "/hello/Ada").text();
if (text !== "Hello, Ada!\n") throw new Error(text);
EOF
node "$work/run.mjs"

echo "-- the conformance guests in the test host"
GUESTS=$root/conformance/guests/rust/conformance.wasm COMMANDS=$root/conformance/guests/rust/command.wasm \
	node --test ../assemblyscript/tests/guests.test.mjs ../assemblyscript/tests/commands.test.mjs >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; exit 1; }
grep -E '^# (pass|fail)' "$work/log"
echo "sdk/rust is in order"
