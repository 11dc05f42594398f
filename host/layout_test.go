package host

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stackhost/stackhost/"

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestImportsPointDown keeps the picture of the house: cmd above host above its siblings above abi.
func TestImportsPointDown(t *testing.T) {
	siblings := []string{"router", "realtime", "policy", "ai", "raftstore"}
	area := func(path string) string {
		rest, ok := strings.CutPrefix(path, module)
		if !ok {
			return ""
		}
		first, _, _ := strings.Cut(rest, "/")
		return first
	}
	for _, p := range packages(t) {
		from := area(p.ImportPath)
		for _, imp := range p.Imports {
			to := area(imp)
			bad := ""
			switch {
			case to == "":
			case from == "abi" && to != "abi":
				bad = "abi is a leaf: it imports nothing of ours"
			case slices.Contains(siblings, from) && to != from && to != "abi":
				bad = from + " imports none of its siblings and nothing above: let it declare an interface, and host pass the value in"
			case from == "host" && to == "cmd", from == "conformance" && to != "conformance" && to != "abi":
				bad = from + " must not know " + to
			case from == "sdk" && to != "sdk":
				bad = "guests import nothing of the host"
			case strings.HasPrefix(p.ImportPath, module+"host/capability") && strings.HasPrefix(imp, module+"host/dialect"):
				bad = "capabilities know nothing of dialects"
			case strings.HasPrefix(p.ImportPath, module+"host/runtime") && !strings.HasPrefix(imp, module+"host/runtime") && to != "abi":
				bad = "host/runtime knows only abi"
			case strings.HasPrefix(p.ImportPath, module+"host/web") && strings.HasPrefix(imp, module) && imp != module+"host/web":
				bad = "host/web knows nothing of modules, routes or guests"
			}
			if bad != "" {
				t.Errorf("%s imports %s: %s", strings.TrimPrefix(p.ImportPath, module), strings.TrimPrefix(imp, module), bad)
			}
		}
	}
}

// TestLibrariesHaveOneHome keeps third-party libraries replaceable by editing one folder.
func TestLibrariesHaveOneHome(t *testing.T) {
	homes := map[string][]string{
		"github.com/tetratelabs/wazero":     {"host/runtime"},
		"github.com/valyala/fasthttp":       {"host", "cmd/stackhost/internal/load"},
		"github.com/pelletier/go-toml":      {"host/app", "cmd/stackhost"},
		"github.com/evanw/esbuild":          {"host/engine"},
		"github.com/fsnotify/fsnotify":      {"host/dev"},
		"github.com/spf13/":                 {"cmd/stackhost"},
		"github.com/HdrHistogram/":          {"cmd/stackhost/internal/load"},
		"github.com/klauspost/compress":     {"host/web", "host/app/bundle"},
		"github.com/andybalholm/brotli":     {"host/web"},
		"github.com/opencontainers/":        {"host/app/bundle/oci"},
		"oras.land/oras-go/":                {"host/app/bundle/oci"},
		"github.com/santhosh-tekuri/":       {},
		"github.com/rogpeppe/go-internal/":  {"host/scaffold", "sdk/internal/pack"},
		"github.com/ianlancetaylor/":        {"host/runtime"},
		"golang.org/x/term":                 {"cmd/stackhost"},
		"golang.org/x/sys":                  {"host/runtime", "raftstore", "cmd/stackhost"},
		"github.com/hashicorp/raft":         {"raftstore"},
		"github.com/hashicorp/go-hclog":     {"raftstore"},
		"github.com/dgraph-io/badger/":      {"raftstore"},
		"github.com/cespare/xxhash/":        {"raftstore/state"},
		"github.com/open-policy-agent/opa/": {"policy"},
	}
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(imp, module) {
				continue
			}
			known := false
			for library, folders := range homes {
				if !strings.HasPrefix(imp, library) {
					continue
				}
				known = slices.ContainsFunc(folders, func(f string) bool {
					return p.ImportPath == module+f || strings.HasPrefix(p.ImportPath, module+f+"/")
				})
			}
			if !known {
				t.Errorf("%s imports %s, whose home is elsewhere (or which RATIONALE.md does not justify yet)", strings.TrimPrefix(p.ImportPath, module), imp)
			}
		}
	}
}

// TestEveryDependencyIsJustified wants a line in RATIONALE.md for each direct dependency.
func TestEveryDependencyIsJustified(t *testing.T) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{if not (or .Indirect .Main)}}{{.Path}}{{end}}", "all")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	rationale, err := os.ReadFile("../RATIONALE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if !strings.Contains(string(rationale), "| "+path) {
			t.Errorf("%s has no line in RATIONALE.md that says what it saves and what it costs", path)
		}
	}
}
