package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedFilesAreCurrent(t *testing.T) {
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(filepath.Join(root, "abi", "v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range generate(s) {
		got, err := os.ReadFile(filepath.Join(root, f.Path))
		if err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s is stale (%v): run go generate ./...", f.Path, err)
		}
	}
}
