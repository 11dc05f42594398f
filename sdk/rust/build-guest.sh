#!/bin/sh
# Builds a guest crate of this repository to a .wasm that depends on nothing but the sources and
# the toolchain, wherever the checkout is: sdk/rust/build-guest.sh CRATE_DIR OUT.wasm
#
# The committed guests are built with Debian's rustc-web, cargo-web and rust-web-src packages and lld-19.
# They bring no compiled standard library for wasm32, so it is built from source, which is an
# unstable switch of cargo: hence RUSTC_BOOTSTRAP. None of this is needed with rustup; there
#   rustup target add wasm32-unknown-unknown
#   cargo build --release --target wasm32-unknown-unknown
# makes a module that works the same, only not byte for byte the same.
set -eu

crate=$(cd "$1" && pwd)
out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
root=$(cd "$(dirname "$0")/../.." && pwd)
cargo=${STACKHOST_CARGO:-/usr/bin/cargo}
rustc=${STACKHOST_RUSTC:-/usr/bin/rustc}

missing() {
	echo "$0: $1 is missing; install it with" >&2
	echo "  apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-19" >&2
	exit 3
}
[ -x "$cargo" ] || missing "$cargo"
[ -x "$rustc" ] || missing "$rustc"
command -v wasm-ld-19 >/dev/null || missing wasm-ld-19
source=$("$rustc" --print sysroot)/lib/rustlib/src/rust
[ -f "$source/library/Cargo.lock" ] || missing "the standard library's source"
source=$(cd "$source" && pwd -P)

# The sources are copied to a workspace of their own: cargo mixes the path of a package relative
# to its workspace into symbol names, which would otherwise tell where the checkout is.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/sdk"
mkdir -p "$work/$(dirname "${crate#"$root"/}")"
for dir in sdk/rust "${crate#"$root"/}"; do
	mkdir -p "$work/$dir"
	cp -R "$root/$dir/src" "$root/$dir/Cargo.toml" "$work/$dir/"
done
cat >"$work/Cargo.toml" <<EOF
[workspace]
resolver = "2"
members = ["sdk/rust", "${crate#"$root"/}"]
[profile.release]
panic = "abort"
lto = true
codegen-units = 1
opt-level = 3
strip = "debuginfo"
EOF
# The profile has to be the workspace's.
for toml in "$work/sdk/rust/Cargo.toml" "$work/${crate#"$root"/}/Cargo.toml"; do
	sed -i '/^\[profile.release\]/,$d' "$toml"
done

cd "$work/${crate#"$root"/}"
CARGO_TARGET_DIR=${STACKHOST_RUST_TARGET:-$root/sdk/rust/target/guests} \
RUSTC_BOOTSTRAP=1 RUSTC=$rustc \
RUSTFLAGS="--remap-path-prefix=$source=/rust -Clink-arg=-zstack-size=65536" \
"$cargo" build --quiet --offline --release --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort \
	--config 'target.wasm32-unknown-unknown.linker="wasm-ld-19"' \
	--config 'source.crates-io.replace-with="rust-src"' \
	--config "source.rust-src.directory=\"$source/library/vendor\"" \
	--message-format=json-render-diagnostics >"$work/messages"
built=$(sed -n 's/.*"filenames":\["\([^"]*\.wasm\)"\].*/\1/p' "$work/messages" | tail -n 1)
cat "$built" >"$out"
