package fennel_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// FuzzCompile checks that any text compiles without a panic, that every place
// that comes out lies in the text, and that a cache changes nothing.
func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(compileSuite, "*.txtar"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(txtar.Parse(text).Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		// A first line that only begins with #! is none behind another line.
		if len(text) > 4<<10 || strings.HasPrefix(text, "#!") {
			return
		}
		cache := new(fennel.Cache)
		first := compileFile(source.NewFile("in.fnl", text), cache)
		again := compileFile(source.NewFile("in.fnl", "\n"+text), cache)
		if len(first.Diagnostics) != len(again.Diagnostics) {
			t.Errorf("%d diagnostics, with a cache %d", len(first.Diagnostics), len(again.Diagnostics))
		}
		whole := source.Span{Start: 0, End: len(text)}
		inside := func(s source.Span) {
			if s.Start > s.End || !whole.Encloses(s) {
				t.Errorf("span %v outside of %v", s, whole)
			}
		}
		for _, d := range first.Diagnostics {
			inside(d.Span)
		}
		for s := range first.Index.Symbols() {
			inside(s.Def)
			inside(s.Scope)
			for _, u := range s.Uses {
				inside(u)
			}
		}
		for c := range first.Calls() {
			inside(c.Span)
			inside(c.Callee.Span)
		}
		for a := range first.Accesses() {
			inside(a.Value.Span)
		}
	})
}

// FuzzLua checks that any file of Lua compiles without a panic, with places
// that lie in the text.
func FuzzLua(f *testing.F) {
	for _, pattern := range []string{compileSuite + "/lua-*.txtar", "../../testdata/bytecode/*.txtar"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(txtar.Parse(text).Files[0].Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		m := fennel.CompileLua(source.NewFile("in.lua", text), fennel.Options{})
		for _, d := range m.Diagnostics {
			if d.Span.Start > d.Span.End || d.Span.End > len(text) || d.Message == "" {
				t.Errorf("%v %q", d.Span, d.Message)
			}
		}
	})
}
