package fennel

import (
	"iter"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
)

// A name that means nothing and is one letter away from one that does is an
// error. Where errors are deferred, it is taken for that name once this has
// been said, so that what depends on it can still be known: while somebody
// types in a definition, the rest of the file stays what it is.

// slipOfValue returns the variable that an unknown name is taken for, one of the
// names, or nil. Nothing is recorded in the index: the name is not a use of it.
func (c *compiler) slipOfValue(n *syntax.Node, name string, s *scope, names iter.Seq[string]) ast.Expr {
	meant, ok := diag.Slip(name, names)
	if !ok {
		return nil
	}
	w := c.word(meant)
	if w.keys != nil {
		return c.fields(n, expr{lua: c.ident(n, w.keys[0])}, w.keys).lua
	}
	b, macro := c.resolveWord(w, s)
	switch {
	case macro != nil || w.special != nil || w.builtin != nil:
		return nil
	case b != nil:
		return c.ident(n, b.lua)
	}
	return c.ident(n, globalName(meant))
}

// slipOfForm returns the call whose head is what an unknown head is taken for:
// a special form or a macro, without which it would be no call at all. That is
// done only where the error refuses the file, outside of functions.
func (c *compiler) slipOfForm(f form) *syntax.Node {
	head := f.items[0]
	if !c.options.Deferred || c.compileTime || c.muted || c.fn.fact != nil || head.Kind != syntax.Symbol || isMulti(head.Text) {
		return nil
	}
	if c.referent(head.Text, f.scope) != nil || c.isGlobal(head.Text, head.Text) {
		return nil
	}
	names := c.candidates(head.Text, f.scope)
	meant, ok := diag.Slip(head.Text, names)
	if !ok {
		return nil
	}
	w := c.word(meant)
	if _, isMacro := c.macro(w, f.scope); !isMacro && w.special == nil {
		return nil
	}
	c.unit.diagnostics = append(c.unit.diagnostics, c.unknownGlobal(head, head.Text, names))
	c.unit.doubtful = true
	renamed, call := *head, *f.n
	renamed.Text = meant
	call.Children = slices.Clone(f.n.Children)
	call.Children[slices.Index(call.Children, head)] = &renamed
	return &call
}

// slipOfMacro reports that a module has no macro of a name and returns that of
// the one it is taken for. Without one the form fails.
func (c *compiler) slipOfMacro(name string, code *moduleCode, t *lua.LTable, f form) string {
	const problem = "macro %s not found in module %s"
	meant, ok := diag.Slip(name, func(yield func(string) bool) {
		for _, key := range tableKeys(t, origin{}) {
			if t.RawGet(key).Type() == lua.LTFunction && !yield(key.String()) {
				return
			}
		}
	})
	if !ok || !c.options.Deferred {
		c.fail(f.n, problem, name, code.name)
	}
	c.report(f.n, problem, name, code.name)
	return meant
}
