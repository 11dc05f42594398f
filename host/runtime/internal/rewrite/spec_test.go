package rewrite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The core specification scripts run twice in lockstep, as they are and
// rewritten. Results, traps and refusals must agree command by command.

type specCommand struct {
	Type       string `json:"type"`
	Line       int    `json:"line"`
	Name       string `json:"name"`
	Filename   string `json:"filename"`
	As         string `json:"as"`
	ModuleType string `json:"module_type"`
	Action     struct {
		Type   string      `json:"type"`
		Module string      `json:"module"`
		Field  string      `json:"field"`
		Args   []specValue `json:"args"`
	} `json:"action"`
}

type specValue struct {
	Type     string `json:"type"`
	LaneType string `json:"lane_type"`
	Value    any    `json:"value"`
}

// bits turns an argument into stack slots. NaN patterns do not occur in
// arguments.
func (v specValue) bits(t *testing.T) []uint64 {
	parse := func(s string, width int) uint64 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n < 0 {
			return uint64(n) & (1<<width - 1 | 1<<(width-1))
		}
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("argument %v", v)
		}
		return n
	}
	switch x := v.Value.(type) {
	case []any:
		width := map[string]int{"i8": 8, "i16": 16, "i32": 32, "f32": 32, "i64": 64, "f64": 64}[v.LaneType]
		var halves [2]uint64
		for i, lane := range x {
			bit := i * width
			halves[bit/64] |= parse(lane.(string), width) << (bit % 64)
		}
		return halves[:]
	case string:
		if x == "null" {
			return []uint64{0}
		}
		if strings.HasSuffix(v.Type, "ref") {
			return []uint64{parse(x, 64) + 1}
		}
		if strings.HasSuffix(v.Type, "32") {
			return []uint64{parse(x, 32)}
		}
		return []uint64{parse(x, 64)}
	}
	return []uint64{0}
}

// world is one of the two runs of a script.
type world struct {
	r       wazero.Runtime
	rewrite bool
	modules map[string]api.Module
	last    api.Module
}

var errRewrite = errors.New("not rewritten")

func (w *world) load(wasm []byte, name string) (api.Module, error) {
	if w.rewrite {
		m, err := Parse(wasm)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errRewrite, err)
		}
		res, err := Rewrite(m, Options{Meter: true, AllowImports: true, AllowShared: true, Clone: true})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errRewrite, err)
		}
		wasm = res.Wasm
	}
	return w.r.InstantiateWithConfig(context.Background(), wasm, wazero.NewModuleConfig().WithName(name))
}

func (w *world) act(t *testing.T, c *specCommand) ([]uint64, error) {
	m := w.last
	if c.Action.Module != "" {
		m = w.modules[c.Action.Module]
	}
	if c.Action.Type == "get" {
		return []uint64{m.ExportedGlobal(c.Action.Field).Get()}, nil
	}
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.bits(t)...)
	}
	f := m.ExportedFunction(c.Action.Field)
	out, err := f.Call(context.Background(), args...)
	slot := 0
	for _, typ := range f.Definition().ResultTypes() {
		switch typ {
		case api.ValueTypeI32, api.ValueTypeF32, api.ValueTypeI64, api.ValueTypeF64:
			slot++
		case 0x7b:
			slot += 2
		default: // references differ between instances
			if slot < len(out) && out[slot] != 0 {
				out[slot] = 1
			}
			slot++
		}
	}
	return out, err
}

// cause is an error without the stack trace.
func cause(err error) string {
	if err == nil {
		return ""
	}
	s, _, _ := strings.Cut(err.Error(), "\nwasm stack trace:")
	return s
}

func TestSpec(t *testing.T) {
	tail := experimental.CoreFeaturesTailCall
	refs := experimental.CoreFeaturesTypedFunctionReferences
	suites := map[string]api.CoreFeatures{
		"v1":                        api.CoreFeaturesV1,
		"v2":                        api.CoreFeaturesV2,
		"tail-call":                 api.CoreFeaturesV2 | tail,
		"extended-const":            api.CoreFeaturesV2 | experimental.CoreFeaturesExtendedConst,
		"threads":                   api.CoreFeaturesV2 | experimental.CoreFeaturesThreads,
		"exception-handling":        api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling | tail | refs,
		"typed-function-references": api.CoreFeaturesV2 | tail | refs,
	}
	for suite, features := range suites {
		dir := filepath.Join(specDir(t), suite, "testdata")
		scripts, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("no scripts in %s: %v", dir, err)
		}
		for _, path := range scripts {
			name := strings.TrimSuffix(filepath.Base(path), ".json")
			t.Run(suite+"/"+name, func(t *testing.T) { runScript(t, path, features) })
		}
	}
}

func runScript(t *testing.T, path string, features api.CoreFeatures) {
	var script struct {
		Commands []specCommand `json:"commands"`
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &script); err != nil {
		t.Fatal(err)
	}
	spectest, err := os.ReadFile(filepath.Join(specDir(t), "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	var worlds [2]*world
	for i := range worlds {
		w := &world{rewrite: i == 1, modules: map[string]api.Module{}}
		// A small grant makes the poll fire often.
		w.r = newRuntime(t, features, &pollCounter{grant: 50})
		if _, err := w.load(spectest, "spectest"); err != nil {
			t.Fatal(err)
		}
		worlds[i] = w
	}
	plain, metered := worlds[0], worlds[1]
	commands := script.Commands
	for i := range commands {
		c := &commands[i]
		where := fmt.Sprintf("line %d, %s", c.Line, c.Type)
		switch c.Type {
		case "module", "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
			if c.ModuleType == "text" {
				continue
			}
			wasm, err := os.ReadFile(filepath.Join(filepath.Dir(path), c.Filename))
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			if c.Type == "module" && i+1 < len(commands) && commands[i+1].Type == "register" {
				name = commands[i+1].As
			}
			a, errA := plain.load(wasm, name)
			b, errB := metered.load(wasm, name)
			if (errA == nil) != (errB == nil) {
				t.Errorf("%s %s: plain %v, rewritten %v", where, c.Filename, errA, errB)
			}
			if c.Type == "module" {
				if errA != nil || errB != nil {
					t.Fatalf("%s %s: plain %v, rewritten %v", where, c.Filename, errA, errB)
				}
				plain.last, metered.last = a, b
				if c.Name != "" {
					plain.modules[c.Name], metered.modules[c.Name] = a, b
				}
			}
		case "register":
		case "assert_return", "action", "assert_trap", "assert_exhaustion", "assert_exception":
			a, errA := plain.act(t, c)
			b, errB := metered.act(t, c)
			if cause(errA) != cause(errB) {
				t.Errorf("%s %s: plain %v, rewritten %v", where, c.Action.Field, errA, errB)
			}
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("%s %s: plain %x, rewritten %x", where, c.Action.Field, a, b)
			}
		default:
			t.Fatalf("%s: unknown command", where)
		}
	}
}
