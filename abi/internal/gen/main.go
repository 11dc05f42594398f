// Command gen makes everything that follows from abi/v1.json: the host's tables and records, the bindings of each SDK, the
// reference page, the WIT rendering and the golden vectors. Run it with `go generate ./...`.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// File is a generated file. Path is relative to the repository's root.
type File struct {
	Path string
	Data []byte
}

// emitters make the files, one for each output language.
var emitters = []func(*Spec) []File{
	emitHost,
	emitVectors,
	emitWIT,
	emitDocs,
	emitGoSDK,
	emitJS,
	emitRust,
	emitAssemblyScript,
	emitC,
	emitZig,
}

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "list generated files that are stale, and fail if there are any")
	lock := flag.Bool("lock", false, "take additions to abi/v1.json into abi/v1.lock.json, which promises them for ever")
	flag.Parse()
	root, err := findRoot()
	if err != nil {
		log.Fatal(err)
	}
	s, err := Load(filepath.Join(root, "abi", "v1.json"))
	if err != nil {
		log.Fatal(err)
	}
	if *lock {
		err = writeLock(filepath.Join(root, lockPath), s)
	} else {
		err = checkLock(filepath.Join(root, lockPath), s)
	}
	if err != nil {
		log.Print(err) // an unlocked addition may be tried, so files are made all the same
		if broken := new(brokenError); *check || errors.As(err, &broken) {
			os.Exit(1)
		}
	}
	stale := 0
	for _, f := range generate(s) {
		path := filepath.Join(root, f.Path)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.Data) {
			continue
		}
		if *check {
			fmt.Println(f.Path)
			stale++
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if stale > 0 {
		log.Fatalf("%d generated files are stale; run go generate ./...", stale)
	}
}

func generate(s *Spec) (files []File) {
	for _, emit := range emitters {
		files = append(files, emit(s)...)
	}
	return files
}

// findRoot returns the folder above the working folder that has abi/v1.json.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "abi", "v1.json")); err == nil {
			return dir, nil
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		err = fmt.Errorf("no abi/v1.json above the working folder")
	}
	return "", err
}
