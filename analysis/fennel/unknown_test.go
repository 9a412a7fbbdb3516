package fennel_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestDeferred compiles one text with and without deferred errors.
func TestDeferred(t *testing.T) {
	const text = `(fn f [x] (nope x) (when x nope.a))
(macro m [] (nope))
(f nope)
(local g (fn [] (let [h #(nope)] h)))
`
	f := source.NewFile("a.fnl", text)
	o := fennel.Options{Globals: func(name string) bool { return name == "print" }}
	describe := func(m *fennel.Module) string {
		var b strings.Builder
		for _, d := range m.Diagnostics {
			fmt.Fprintf(&b, "%s %s\n", f.Position(d.Span.Start), d.Message)
		}
		for g := range m.MissingGlobals() {
			fmt.Fprintf(&b, "missing %s %s %q conditional %v in %s\n", f.Position(g.Span.Start), g.Name, f.Slice(g.Span), g.Conditional,
				f.Position(g.Fn.Span.Start))
		}
		return b.String()
	}
	strict := describe(fennel.Compile(syntax.Read(f), o))
	if strings.Contains(strict, "missing") || strings.Count(strict, "unknown identifier: nope") != 5 {
		t.Errorf("without deferred errors:\n%s", strict)
	}
	o.Deferred = true
	const want = `2:14 unknown identifier: nope
3:4 unknown identifier: nope
missing 1:12 nope "nope" conditional false in 1:1
missing 1:28 nope "nope.a" conditional true in 1:1
missing 4:27 nope "nope" conditional false in 4:25
`
	if got := describe(fennel.Compile(syntax.Read(f), o)); got != want {
		t.Errorf("with deferred errors:\n%s", got)
	}
}
