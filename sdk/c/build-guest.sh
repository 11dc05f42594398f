#!/bin/sh
# Builds a guest: sdk/c/build-guest.sh OUT.wasm SOURCE.c …
# Paths of this machine do not get into the module, so that it is the same wherever the checkout is.
set -eu
out=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
sdk=$(cd "$(dirname "$0")" && pwd)
clang=${STACKHOST_CLANG:-clang-19}
for tool in "$clang" wasm-ld-19; do
	command -v "$tool" >/dev/null || {
		echo "$0: $tool is missing; install it with" >&2
		echo "  apt-get install --no-install-recommends clang-19 lld-19" >&2
		exit 3
	}
done
exec "$clang" --target=wasm32 -std=c11 -O2 -mbulk-memory -Wall -Wextra -nostdlib \
	-Wl,--no-entry -Wl,--strip-debug -Wl,--stack-first -Wl,-z,stack-size=32768 \
	-I"$sdk" -o "$out" "$@" "$sdk/stackhost.c"
