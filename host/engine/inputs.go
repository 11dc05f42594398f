package engine

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// inputs returns the files that a bundle was made from, as the bundler's report lists them.
func inputs(metafile, dir string) []string {
	var meta struct {
		Inputs map[string]struct{} `json:"inputs"`
	}
	if json.Unmarshal([]byte(metafile), &meta) != nil {
		return nil
	}
	var files []string
	for name := range meta.Inputs {
		if strings.HasPrefix(name, "stackhost:") {
			continue
		}
		files = append(files, filepath.Join(dir, name))
	}
	slices.Sort(files)
	return files
}
