// Command pack makes sdk/gosdk.txtar from sdk/go. With -check it fails when the file is stale.
package main

import (
	"bytes"
	"flag"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "only tell whether the archive is current")
	flag.Parse()
	archive, err := pack("go")
	if err != nil {
		log.Fatal(err)
	}
	old, _ := os.ReadFile("gosdk.txtar")
	switch {
	case bytes.Equal(old, archive):
	case *check:
		log.Fatal("sdk/gosdk.txtar is stale; run go generate ./sdk")
	default:
		if err := os.WriteFile("gosdk.txtar", archive, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// pack archives the Go files of a folder, tests left out.
func pack(folder string) ([]byte, error) {
	var a txtar.Archive
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "testdata" || d.Name() == "examples") {
				return fs.SkipDir
			}
			return err
		}
		switch ext := filepath.Ext(path); {
		case strings.HasSuffix(path, "_test.go"):
			return nil
		case ext != ".go" && ext != ".s" && d.Name() != "go.mod":
			return nil
		}
		data, err := os.ReadFile(filepath.Join(folder, path))
		a.Files = append(a.Files, txtar.File{Name: path, Data: data})
		return err
	})
	return txtar.Format(&a), err
}
