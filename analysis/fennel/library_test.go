package fennel_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// TestLibrary runs the archives of testdata/library: what the program in.fnl
// prints, and the error that ends it, is compared with output. Metadata is
// kept. Other files are modules of macros.
func TestLibrary(t *testing.T) {
	files, err := filepath.Glob("../../testdata/library/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data: ", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			last := len(a.Files) - 1
			if last < 1 || a.Files[0].Name != "in.fnl" || a.Files[last].Name != "output" {
				t.Fatal("the archive must have in.fnl first and output last")
			}
			got := runLibrary(a)
			if *update {
				a.Files[last].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[last].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func runLibrary(a *txtar.Archive) string {
	var out strings.Builder
	show := func(line string) { out.WriteString(line + "\n") }
	o := fennel.Options{
		Globals: func(name string) bool {
			return name == "fennel" || strings.HasPrefix(name, "fennel.") || sandbox.Global(name)
		},
		Resolve: func(name string, _ fennel.ModuleKind) (*source.File, error) {
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name+".fnl" })
			if i < 0 {
				return nil, errors.New("not found")
			}
			return source.NewFile(a.Files[i].Name, string(a.Files[i].Data)), nil
		},
		Limits:   testLimits,
		Print:    show,
		Metadata: true,
	}
	p := fennel.NewProgram(sandbox.Options{Limits: testLimits, Print: show})
	defer p.State.Close()
	p.State.L.SetGlobal("fennel", p.Library(o))
	file := source.NewFile("in.fnl", string(a.Files[0].Data))
	m := fennel.Compile(syntax.Read(file), o)
	out.WriteString(showDiagnostics(m))
	if _, err := p.State.Call(context.Background(), p.State.L, p.Function(m)); err != nil {
		show(err.Error())
	}
	return out.String()
}

// TestLibraryFields compares the names that are told with the table that
// programs get.
func TestLibraryFields(t *testing.T) {
	p := fennel.NewProgram(sandbox.Options{Limits: testLimits})
	defer p.State.Close()
	var got []string
	p.Library(fennel.Options{}).ForEach(func(k, _ lua.LValue) { got = append(got, k.String()) })
	slices.Sort(got)
	if diff := cmp.Diff(fennel.LibraryFields(), got); diff != "" {
		t.Errorf("-told +there:\n%s", diff)
	}
}

// TestEvaluationIsPaidFor checks that what fennel.eval compiles and what macros
// in it do ends at the limits of the program, and that nothing catches that.
func TestEvaluationIsPaidFor(t *testing.T) {
	for _, test := range []struct{ name, text, limit string }{
		{"macro", `(pcall fennel.eval "(macro m [] (while true)) (m)")`, "instructions"},
		{"macro again and again", `(while true (pcall fennel.eval "(macro m [] (for [i 1 10000]) nil) (m)"))`, "instructions"},
		{"strings of a macro", `(pcall fennel.eval "(macro m [] (var s :x) (while true (set s (.. s s)))) (m)")`, "strings"},
		{"text", `(while true (fennel.eval "nil"))`, "strings instructions"},
		{"expansion", `(while true (pcall fennel.eval "(macro m [x] (let [y (fcollect [i 1 1000] x)] ` + "`" + `[,y ,y])) (m (m (m 1)))"))`, "instructions strings"},
		{"run", `(pcall fennel.eval "(while true)")`, "instructions"},
		{"depth", `(fn again [] (+ 1 (fennel.eval "(_G.again)" {:env {: _G}}))) (set _G.again again) (pcall again)`, "depth strings instructions"},
		{"parser", `(while true (pcall fennel.parser "(a b c)"))`, "strings instructions"},
		{"forms", `(while true (each [_ (fennel.parser "1 2 3")] nil))`, "strings instructions"},
		{"stream", `(fennel.parser #65)`, "strings instructions"},
		{"chunks", `((fennel.granulate #""))`, "instructions"},
		{"syntax", `(while true (fennel.syntax))`, "instructions"},
		{"docstrings", `(while true (fn f [] "doc" 1))`, "strings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			limits := sandbox.Limits{Instructions: 1_000_000, Strings: 2 << 20, Depth: 200, Time: 5e9}
			o := fennel.Options{Limits: limits, Metadata: true}
			p := fennel.NewProgram(sandbox.Options{Limits: limits})
			defer p.State.Close()
			p.State.L.SetGlobal("fennel", p.Library(o))
			m := fennel.Compile(syntax.Read(source.NewFile("in.fnl", test.text)), o)
			values, err := p.State.Call(context.Background(), p.State.L, p.Function(m))
			var raised *sandbox.Error
			if !errors.As(err, &raised) || raised.Limit == nil {
				shown := []string{}
				for _, v := range values {
					shown = append(shown, view.View(v, view.Options{OneLine: true}))
				}
				t.Fatalf("got %v and %v, want a limit", shown, err)
			}
			if !strings.Contains(test.limit, raised.Limit.Name) {
				t.Errorf("ended at %v, want %s", raised.Limit, test.limit)
			}
		})
	}
}

// TestEvaluationEnds checks that ending the context of a program also ends the
// macros of what it evaluates.
func TestEvaluationEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := fennel.NewProgram(sandbox.Options{})
	defer p.State.Close()
	print := func(string) { cancel() }
	p.State.L.SetGlobal("fennel", p.Library(fennel.Options{Print: print}))
	text := `(fennel.eval "(macro m [] (print :here) (while true)) (m)")`
	m := fennel.Compile(syntax.Read(source.NewFile("in.fnl", text)), fennel.Options{})
	if _, err := p.State.Call(ctx, p.State.L, p.Function(m)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
