package fennel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// TestPartsStay checks that a form which is the same, and names what is the
// same, has the same part in the next version, wherever it stands.
func TestPartsStay(t *testing.T) {
	const text = "(local a {:x 1})\n(fn f [n] (+ n a.x))\n(f 1)\n(f 1)\n(print a)"
	for _, test := range []struct{ name, old, new, same string }{
		{"nothing changes", "", "", "11111"},
		{"forms move", "(local", "\n;; what moves all\n\n(local", "11111"},
		{"the last form changes", "(print a)", "(print a 1)", "11110"},
		{"what others name changes", "{:x 1}", "{:x 2}", "00000"},
		{"what nobody sees through changes", "(+ n a.x)", "(+ n a.x 1)", "10001"},
		{"its table is changed", "(f 1)\n(f 1)", "(f 1)\n(set a.y 2)", "11100"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cache := new(fennel.Cache)
			before := compileFile(source.NewFile("in.fnl", text), cache)
			known := map[*fennel.Part]bool{}
			for _, p := range before.Parts() {
				known[p] = true
			}
			after := compileFile(source.NewFile("in.fnl", strings.Replace(text, test.old, test.new, 1)), cache)
			var same strings.Builder
			for _, p := range after.Parts() {
				if known[p] {
					same.WriteByte('1')
				} else {
					same.WriteByte('0')
				}
			}
			if same.String() != test.same {
				t.Errorf("the same: %s, want %s", same.String(), test.same)
			}
		})
	}
}

// TestPartsAreLocated checks, after every line was removed and restored, that
// what the parts know is what the module knows, at the same places.
func TestPartsAreLocated(t *testing.T) {
	for name, text := range programs(t) {
		if name == "limits.txtar" {
			continue // each version takes as long as the limits let it
		}
		t.Run(name, func(t *testing.T) {
			cache := new(fennel.Cache)
			lines := strings.SplitAfter(text, "\n")
			for i := range lines {
				without := strings.Join(append(append([]string(nil), lines[:i]...), lines[i+1:]...), "")
				for _, version := range []string{text, without} {
					compareParts(t, compileFile(source.NewFile("in.fnl", version), cache))
				}
			}
		})
	}
}

func compareParts(t *testing.T, m *fennel.Module) {
	t.Helper()
	var calls, functions, symbols int
	want := func(s string, got source.Span, want source.Span) {
		t.Helper()
		if at := m.Locate(got); at != want {
			t.Fatalf("%s is located at %v, not %v:\n%s", s, at, want, m.Tree.File.Text())
		}
	}
	allCalls := collect(m.Calls())
	allFunctions := collect(m.Functions())
	allSymbols := collect(m.Index.Symbols())
	for _, p := range m.Parts() {
		for _, c := range p.Calls {
			w := allCalls[calls]
			want("a call", c.Span, w.Span)
			want("its callee", c.Callee.Span, w.Callee.Span)
			for i, k := range c.Callee.Route.Keys {
				want("its key", k.Span, w.Callee.Route.Keys[i].Span)
			}
			for i, a := range c.Args {
				want("its argument", a.Span, w.Args[i].Span)
			}
			if part, at := m.PartAt(w.Span); part != p || at != c.Span {
				t.Fatalf("the part at %v has it at %v, not %v", w.Span, at, c.Span)
			}
			calls++
		}
		for _, f := range p.Functions {
			w := allFunctions[functions]
			want("a function", f.Span, w.Span)
			if w.Lasting() != f {
				t.Fatalf("the function at %v is not that of its part", w.Span)
			}
			functions++
		}
		for _, s := range p.Symbols {
			w := allSymbols[symbols]
			want("a symbol", s.Def, w.Def)
			want("its scope", s.Scope, w.Scope)
			beyond := m.Beyond(s)
			var uses []source.Span
			for _, u := range append(append([]source.Span{}, s.Uses...), beyond.Uses...) {
				uses = append(uses, m.Locate(u))
			}
			slices.SortFunc(uses, func(a, b source.Span) int { return a.Start - b.Start })
			if !slices.Equal(uses, w.Uses) || w.Written != (s.Written || beyond.Written) ||
				w.UsedByMacro != (s.UsedByMacro || beyond.UsedByMacro) {
				t.Fatalf("%s is used at %v, not %v:\n%s", s.Name, uses, w.Uses, m.Tree.File.Text())
			}
			symbols++
		}
	}
	if calls != len(allCalls) || functions != len(allFunctions) || symbols != len(allSymbols) {
		t.Fatalf("the parts know of %d calls, %d functions and %d symbols, the module of %d, %d and %d",
			calls, functions, symbols, len(allCalls), len(allFunctions), len(allSymbols))
	}
}

func collect[T any](all func(func(T) bool)) (out []T) {
	for x := range all {
		out = append(out, x)
	}
	return out
}

// BenchmarkIdenticalForms measures a change of a file of many forms that are
// the same.
func BenchmarkIdenticalForms(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cache := new(fennel.Cache)
			forms := strings.Repeat("(print :same)\n", n)
			for i := 0; b.Loop(); i++ {
				fennel.Compile(read(fmt.Sprintf("%s(print %d)", forms, i)), options(cache))
			}
		})
	}
}
