#!/bin/sh
# Checks the C SDK: native tests with the golden vectors, C++, a C library, every example of README.md and docs/guides/c.md, and
# the conformance guest in the test host. Exits with 3 when a tool is missing.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
need() {
	command -v "$1" >/dev/null || { echo "check.sh: $1 is missing; install it with apt-get install --no-install-recommends $2" >&2; exit 3; }
}
need clang-19 clang-19
need clang++-19 clang-19
need wasm-ld-19 lld-19
need gcc gcc
need g++ g++
need go golang
need node nodejs
[ -e /usr/include/wasm32-wasi/stdlib.h ] || { echo "check.sh: wasi-libc is missing; install it with apt-get install --no-install-recommends wasi-libc" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "-- native tests"
go run tests/vectors.go "$root/abi/testdata/vectors.json" >"$work/vectors"
gcc -std=c11 -Wall -Wextra -Werror -g -fsanitize=address,undefined -o "$work/test" tests/test.c stackhost_test.c
"$work/test" "$work/vectors"

# blocks PAGE PREFIX: writes each c block of a page to a file of its own.
blocks() {
	awk -v prefix="$2" '
		/^```c$/ { n++; inside = 1; next }
		/^```/ { inside = 0 }
		inside { print > (prefix n ".c") }
	' "$1"
}

echo "-- examples, as C and as C++"
blocks README.md "$work/readme"
blocks "$root/docs/guides/c.md" "$work/guide"
gcc -std=c11 -O1 -c -o "$work/sdk.o" stackhost.c
gcc -std=c11 -O1 -c -o "$work/host.o" stackhost_test.c
for file in "$work"/*.c; do
	if grep -q 'int main' "$file"; then
		gcc -std=c11 -Wall -Wextra -Werror -I. -o "$work/example" "$file" "$work/sdk.o" "$work/host.o"
		"$work/example"
	else
		./build-guest.sh "$work/example.wasm" "$file"
	fi
	g++ -std=c++17 -Wall -Wextra -Werror -Wno-missing-field-initializers -I. -x c++ -fsyntax-only "$file"
done
echo "$(ls "$work"/*.c | wc -l) examples compile"

# get WASM PATH TEXT: requests PATH a few times of a module in the test host and wants TEXT.
get() {
	cat >"$work/run.mjs" <<-END
		import { load } from "$root/sdk/assemblyscript/testing/host.mjs";
		const app = await load("$1");
		for (let i = 0; i < 3; i++) {
			const text = app.request("GET", "$2").text().trim();
			if (text !== "$3") throw new Error(text);
		}
	END
	node "$work/run.mjs"
}

echo "-- README's program as WebAssembly, from C and from C++"
./build-guest.sh "$work/readme.wasm" "$work/readme1.c"
get "$work/readme.wasm" /hello/Ada "Hello, Ada!"
clang++-19 --target=wasm32 -std=c++17 -O2 -mbulk-memory -fno-exceptions -fno-rtti -Wall -Wextra -Werror -I. -x c++ -c -o "$work/readme.o" "$work/readme1.c"
./build-guest.sh "$work/cpp.wasm" "$work/readme.o"
get "$work/cpp.wasm" /hello/Ada "Hello, Ada!"

echo "-- with a C library"
clang-19 --target=wasm32-wasi -mexec-model=reactor -std=c11 -O2 -mbulk-memory -Wall -Wextra -Werror -nodefaultlibs -lc -Wl,--strip-debug \
	-I. -o "$work/library.wasm" tests/library.c stackhost.c
get "$work/library.wasm" /x "/x is whole"

echo "-- the conformance guest in the test host"
"$root/conformance/guests/c/build.sh" "$work"
GUESTS=$work/conformance.wasm node --test ../assemblyscript/tests/guests.test.mjs >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
grep -E '^# (pass|fail)' "$work/log"
for wasm in "$root/conformance/guests/c/conformance.wasm" "$root/plugins/welcome/c/welcome.wasm" testdata/hello.wasm; do
	"$(dirname "$wasm")/build.sh" "$work"
	cmp "$wasm" "$work/$(basename "$wasm")"
done
echo "sdk/c is in order"
