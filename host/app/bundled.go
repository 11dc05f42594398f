package app

import (
	"os"
	"path/filepath"
)

// BuildFolder is the folder in an app's folder, or in an unpacked bundle, that keeps built modules and programs.
const BuildFolder = ".stackhost"

// ProgramPath is where a bundle has the program of a module that an engine runs, with slashes. Its source map is beside it, with
// ".map" added.
func ProgramPath(module string) string { return BuildFolder + "/" + module + ".js" }

// LoadBundle reads the app in the folder of an unpacked bundle. Its modules are built: Source, Language and Build are empty.
func LoadBundle(folder string) (*App, error) {
	file, err := Find(folder)
	if err != nil {
		return nil, err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, src, true)
}

// bundledModule points m to what a bundle has in place of the paths in the manifest.
func (d *decoder) bundledModule(m *Module) {
	m.Language, m.Build = "", ""
	if m.Engine != "" {
		m.Program = filepath.Join(d.app.Folder, filepath.FromSlash(ProgramPath(m.Name)))
		return
	}
	m.Path = filepath.Join(d.app.Folder, BuildFolder, m.Name+".wasm")
}
