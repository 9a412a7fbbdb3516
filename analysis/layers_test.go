package analysis_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "quire/"

// A layer says what a package may import.
type layer struct {
	pkg  string
	uses []string // packages of this repository, all of them in earlier layers
	owns []string // outside packages that are closed to layers that do not list them
}

// Outside packages that several layers use. The name of another module's
// package stands for everything below it too.
var (
	lua      = []string{"github.com/yuin/gopher-lua"}
	machine  = []string{"os", "path/filepath"}
	signals  = []string{"os", "os/signal", "path/filepath", "syscall"}
	terminal = []string{"golang.org/x/term", "github.com/fatih/color", "github.com/charmbracelet/lipgloss", "github.com/mattn/go-runewidth", "github.com/rivo/uniseg"}
	flags    = []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}
	lsp      = []string{"go.lsp.dev"}
	temporal = []string{"go.temporal.io/api", "go.temporal.io/sdk"}
)

// layers is the architecture, lowest first.
var layers = []layer{
	{pkg: "analysis/source"},
	{pkg: "analysis/dsl"},
	{pkg: "analysis/diag", uses: []string{"analysis/source"}},
	{pkg: "analysis/fennel/slab"},
	{pkg: "analysis/fennel/bytecode", uses: []string{"analysis/fennel/slab"}, owns: lua},
	{pkg: "analysis/sandbox", uses: []string{"analysis/fennel/bytecode"}, owns: lua},
	{pkg: "analysis/fennel/view", owns: lua},
	{
		pkg:  "analysis/fennel/syntax",
		uses: []string{"analysis/source", "analysis/diag", "analysis/fennel/slab"},
		owns: []string{"github.com/rivo/uniseg"}, // the formatter aligns what is shown
	},
	{pkg: "analysis/fennel/macros", uses: []string{"analysis/source", "analysis/diag", "analysis/fennel/syntax"}},
	{
		pkg: "analysis/fennel",
		uses: []string{"analysis/source", "analysis/diag", "analysis/sandbox", "analysis/fennel/bytecode",
			"analysis/fennel/view", "analysis/fennel/slab", "analysis/fennel/syntax", "analysis/fennel/macros"},
		owns: lua,
	},
	{
		pkg: "analysis/pipeline",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/sandbox", "analysis/fennel",
			"analysis/fennel/syntax", "analysis/fennel/view"},
		owns: slices.Concat(lua, []string{"github.com/dominikbraun/graph"}),
	},
	{
		pkg:  "analysis/drawing",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/pipeline"},
		owns: []string{"github.com/rivo/uniseg"},
	},
	{
		pkg: "analysis",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/sandbox", "analysis/fennel",
			"analysis/fennel/syntax", "analysis/pipeline"},
	},
	{pkg: "analysis/plan", uses: []string{"analysis/dsl", "analysis/pipeline", "analysis"}},
	{
		pkg: "analysis/script",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/fennel/syntax", "analysis/fennel/view",
			"analysis/sandbox", "analysis/fennel", "analysis/pipeline"},
		owns: lua,
	},
	{pkg: "exec/rundir", owns: slices.Concat(machine, []string{"syscall", "golang.org/x/sys", "github.com/google/uuid", "go.yaml.in/yaml/v3"})},
	{
		pkg:  "exec",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/pipeline", "exec/rundir"},
		// Windows wants to be given addresses.
		owns: slices.Concat(machine, []string{"net/url", "os/exec", "os/user", "syscall", "unsafe", "golang.org/x/sys", "github.com/google/uuid", "github.com/fsnotify/fsnotify"}),
	},
	// Only tests import this one.
	{
		pkg:  "exec/exectest",
		uses: []string{"analysis/source", "analysis/diag", "exec", "exec/rundir"},
		owns: slices.Concat(machine, []string{"net/url", "os/exec", "github.com/spf13/pflag", "github.com/rogpeppe/go-internal/txtar", "github.com/google/go-cmp/cmp"}),
	},
	{pkg: "cmd/quire/internal/terminal", owns: slices.Concat(machine, terminal)},
	{pkg: "cmd/quire/internal/render", uses: []string{"analysis/source", "analysis/diag", "cmd/quire/internal/terminal"}},
	{pkg: "cmd/quire/internal/report", uses: []string{"analysis/source", "analysis/diag", "cmd/quire/internal/terminal"}},
	// Only tests import this one.
	{pkg: "cmd/quire/internal/terminal/screentest", owns: []string{"github.com/rivo/uniseg"}},
	{
		pkg:  "cmd/quire/internal/progress",
		uses: []string{"analysis/diag", "exec", "cmd/quire/internal/terminal", "cmd/quire/internal/render"},
		owns: machine,
	},
	{
		pkg:  "cmd/quire/internal/junit",
		uses: []string{"analysis/source", "analysis/diag", "exec", "cmd/quire/internal/terminal"},
		owns: machine,
	},
	{
		pkg: "cmd/quire/internal/page",
		uses: []string{"analysis/diag", "analysis/dsl", "analysis/pipeline", "analysis/drawing", "exec",
			"cmd/quire/internal/terminal", "cmd/quire/internal/render", "cmd/quire/internal/progress"},
	},
	{pkg: "cmd/quire/internal/export", uses: []string{"analysis/plan"}, owns: []string{"go.yaml.in/yaml/v3"}},
	{
		pkg: "cmd/quire",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/fennel/syntax", "analysis/pipeline", "analysis/drawing", "analysis/script", "analysis/plan",
			"analysis", "exec", "exec/rundir",
			"cmd/quire/internal/terminal", "cmd/quire/internal/render", "cmd/quire/internal/report",
			"cmd/quire/internal/progress", "cmd/quire/internal/junit", "cmd/quire/internal/page", "cmd/quire/internal/export"},
		// Windows cannot put another program in the place of this one.
		owns: slices.Concat(signals, terminal, flags, []string{"os/exec", "github.com/aymanbagabas/go-udiff"}),
	},
	{
		pkg: "cmd/quire-lsp",
		uses: []string{"analysis/source", "analysis/diag", "analysis/dsl", "analysis/fennel", "analysis/fennel/syntax",
			"analysis/pipeline", "analysis/drawing", "analysis", "exec", "exec/rundir"},
		owns: slices.Concat(signals, flags, lsp, []string{"net"}),
	},
	// A module of its own, whose dependencies are not those of the others. It knows
	// how runs go to other machines, and nothing of the commands.
	{pkg: "cmd/quire-temporal/internal/conn", owns: slices.Concat(temporal, []string{"os", "net", "net/url", "google.golang.org/grpc", "github.com/klauspost/compress"})},
	{
		pkg:  "cmd/quire-temporal/internal/blob",
		uses: []string{"cmd/quire-temporal/internal/conn"},
		owns: slices.Concat(temporal, []string{"os", "golang.org/x/sync", "github.com/klauspost/compress"}),
	},
	{
		pkg:  "cmd/quire-temporal/internal/flow",
		uses: []string{"exec", "cmd/quire-temporal/internal/conn", "cmd/quire-temporal/internal/blob"},
		owns: temporal,
	},
	{
		pkg: "cmd/quire-temporal/internal/worker",
		uses: []string{"exec", "exec/rundir", "cmd/quire-temporal/internal/conn", "cmd/quire-temporal/internal/blob",
			"cmd/quire-temporal/internal/flow"},
		owns: slices.Concat(machine, temporal, []string{"golang.org/x/sync", "github.com/gofrs/flock"}),
	},
	{
		pkg: "cmd/quire-temporal/internal/engine",
		uses: []string{"exec", "cmd/quire-temporal/internal/conn", "cmd/quire-temporal/internal/blob",
			"cmd/quire-temporal/internal/flow"},
		owns: slices.Concat(machine, temporal),
	},
	{
		pkg: "cmd/quire-temporal",
		uses: []string{"exec", "cmd/quire-temporal/internal/conn", "cmd/quire-temporal/internal/worker",
			"cmd/quire-temporal/internal/engine"},
		owns: slices.Concat(signals, flags),
	},
	// Parts of tests only.
	{pkg: "editors/internal/tour", owns: slices.Concat(machine, []string{"os/exec"})},
	{pkg: "editors/internal/terminal", owns: slices.Concat(machine, []string{"os/exec"})},
}

// closed are the packages of the standard library that reach outside of the
// process. Those of other modules are all closed.
var closed = []string{"net", "os", "path/filepath", "plugin", "syscall", "unsafe"}

// A goFile is one Go file of this repository.
type goFile struct {
	path string // slash-separated, from its root
	test bool
	ast  *ast.File
	text []byte
}

// goFiles reads every Go file of the repository.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	const root = ".."
	var files []goFile
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || name != root && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		files = append(files, goFile{filepath.ToSlash(rel), strings.HasSuffix(name, "_test.go"), tree, text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLayersAreInOrder(t *testing.T) {
	before := map[string]bool{}
	for _, l := range layers {
		for _, use := range l.uses {
			if !before[use] {
				t.Errorf("%s uses %s, which is not a layer below it", l.pkg, use)
			}
		}
		before[l.pkg] = true
	}
}

func TestLayers(t *testing.T) {
	table := map[string]layer{}
	for _, l := range layers {
		table[l.pkg] = l
	}
	seen := map[string]bool{}
	for _, f := range goFiles(t) {
		pkg := path.Dir(f.path)
		l, ok := table[pkg]
		if !ok {
			if !f.test {
				t.Errorf("%s: package %s is in no layer", f.path, pkg)
			}
			continue
		}
		seen[pkg] = true
		if f.test {
			continue
		}
		for _, spec := range f.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !l.allows(name) {
				t.Errorf("%s: %s may not import %s", f.path, pkg, name)
			}
		}
	}
	for _, l := range layers {
		if !seen[l.pkg] {
			t.Errorf("there is no package %s", l.pkg)
		}
	}
}

func (l layer) allows(name string) bool {
	if ours, ok := strings.CutPrefix(name, module); ok {
		return slices.Contains(l.uses, ours)
	}
	if domain, _, _ := strings.Cut(name, "/"); strings.Contains(domain, ".") {
		return within(name, l.owns)
	}
	return !within(name, closed) || slices.Contains(l.owns, name)
}

// within reports whether a package is one of those named, or below one.
func within(name string, packages []string) bool {
	return slices.ContainsFunc(packages, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

// TestModules checks which packages are modules of their own, and that the
// requirements of this one do not grow by theirs.
func TestModules(t *testing.T) {
	const root = ".."
	apart := []string{"cmd/quire-temporal"}
	var found []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err == nil && d.Name() == "go.mod" && filepath.Dir(name) != root {
			found = append(found, filepath.ToSlash(strings.TrimPrefix(filepath.Dir(name), root+string(filepath.Separator))))
		}
		return err
	})
	if err != nil || !slices.Equal(found, apart) {
		t.Errorf("the modules are %q (%v), want %q", found, err, apart)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || bytes.Contains(text, []byte("temporal")) {
			t.Errorf("%s knows Temporal (%v)", name, err)
		}
	}
}

// TestClosed checks the rule itself: os does not open os/exec.
func TestClosed(t *testing.T) {
	tests := []struct {
		owns []string
		name string
		want bool
	}{
		{nil, "fmt", true},
		{nil, "os", false},
		{nil, "os/exec", false},
		{nil, "net/http", false},
		{nil, "github.com/yuin/gopher-lua", false},
		{lua, "github.com/yuin/gopher-lua/ast", true},
		{machine, "os", true},
		{machine, "os/exec", false},
		{nil, module + "exec", false},
	}
	for _, tt := range tests {
		if got := (layer{owns: tt.owns}).allows(tt.name); got != tt.want {
			t.Errorf("a layer that owns %q allows %s: %v, want %v", tt.owns, tt.name, got, tt.want)
		}
	}
}

func TestNoGrabBags(t *testing.T) {
	bags := []string{"util", "utils", "common", "helper", "helpers", "types", "misc"}
	for _, f := range goFiles(t) {
		if name := f.ast.Name.Name; slices.Contains(bags, strings.TrimSuffix(name, "_test")) {
			t.Errorf("%s: a package named %s holds anything", f.path, name)
		}
	}
}

func TestFileSize(t *testing.T) {
	const most = 800
	for _, f := range goFiles(t) {
		if n := bytes.Count(f.text, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d", f.path, n, most)
		}
	}
}

// TestOneRunPath checks that each command has one way to run jobs. A watch
// decides what runs when, and leaves running it to the command.
func TestOneRunPath(t *testing.T) {
	calls := map[string]map[string]int{"cmd/quire": {}, "cmd/quire-lsp": {}}
	for _, f := range goFiles(t) {
		for command := range calls {
			if f.test || path.Dir(f.path) != command && !strings.HasPrefix(f.path, command+"/") {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "exec" {
						calls[command][sel.Sel.Name]++
					}
				}
				return true
			})
		}
	}
	for _, command := range slices.Sorted(maps.Keys(calls)) {
		for _, name := range []string{"Local", "Run"} {
			if n := calls[command][name]; n != 1 {
				t.Errorf("%s uses exec.%s %d times, want once", command, name, n)
			}
		}
	}
}
