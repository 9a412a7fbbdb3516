package fennel

import (
	"fmt"
	"strconv"

	"quire/analysis/fennel/macros"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// A userMacro is a macro that a program defines. Values of it are compared:
// a unit that used a macro is compiled again when the name means another one.
type userMacro interface {
	// expand returns what stands for the call, a list whose head names the
	// macro. Nodes it makes carry the span of the call. What is wrong it tells
	// to x.Fail, which does not return.
	expand(x *expander, call *syntax.Node) *syntax.Node
}

// A macroModule is what (import-macros name :module) binds: (name.member …)
// calls a member.
type macroModule interface {
	userMacro
	member(name string) (userMacro, bool)
}

// A macroEnv is the world in which the macros of one file run while it is
// compiled. The special forms that define macros or run code at compile time
// use it; nothing else does. It costs nothing until it is used.
type macroEnv interface {
	// placed says where a unit of the file stands.
	placed(u *unit, offset int)
	// current reports whether a module is still the one that a unit was
	// compiled with.
	current(use Use) bool
	// changed reports whether macros changed what others find, so that what they
	// expanded to holds for this version of the file only.
	changed() bool
	// state is where macros ran, nil when none did.
	state() *sandbox.State
	// close releases what was used.
	close()
}

// A macro is what a list is expanded by: one of the two is set.
type macro struct {
	builtin *macros.Macro
	user    userMacro
}

// macro returns the macro that a symbol means at the head of a list.
func (c *compiler) macro(w *word, s *scope) (macro, bool) {
	if _, user := c.resolveWord(w, s); user != nil {
		return macro{user: user}, true
	}
	if w.keys == nil {
		return macro{builtin: w.builtin}, w.builtin != nil
	}
	_, user := c.resolveWord(w.root, s)
	if user == nil && w.root.builtin != nil {
		user = missingMacro{}
	}
	for _, key := range w.keys[1:] {
		module, ok := user.(macroModule)
		if !ok && user != nil {
			return macro{user: missingMacro{}}, true
		}
		if !ok {
			return macro{}, false
		}
		if user, ok = module.member(key); !ok {
			return macro{user: missingMacro{}}, true
		}
	}
	return macro{user: user}, user != nil
}

// missingMacro is a member that an imported module does not have.
type missingMacro struct{}

func (missingMacro) expand(x *expander, call *syntax.Node) *syntax.Node {
	x.Fail(call, "macro not found in imported macro module")
	return nil
}

// expandOnce returns what stands for the call of a macro.
func (c *compiler) expandOnce(m macro, n *syntax.Node, items []*syntax.Node, s *scope) *syntax.Node {
	c.expansions++
	if c.expansions > maxExpansions {
		c.exceed(n, fmt.Sprintf("the form needs more than %d macro expansions", maxExpansions), "Check that the macros in it come to an end.")
	}
	c.useMacro(items[0], s)
	x := &expander{c: c, scope: s}
	var out *syntax.Node
	if m.user != nil {
		out = m.user.expand(x, n)
	} else {
		out = m.builtin.Expand(x, n)
	}
	if out == nil {
		return &syntax.Node{Kind: syntax.Symbol, Span: n.Span, Text: "nil"}
	}
	return out
}

// useMacro records in the index that a symbol calls a macro.
func (c *compiler) useMacro(head *syntax.Node, s *scope) {
	if c.made(head) {
		return
	}
	name := rootName(head.Text)
	span := c.span(head)
	span.End = span.Start + len(name)
	for ; s != nil; s = s.outer {
		for _, b := range s.bindings {
			if b.name == name && b.macro != nil {
				b.symbol.Uses = append(b.symbol.Uses, span)
				return
			}
		}
	}
	c.unit.outside = append(c.unit.outside, reference{name: name, span: span, macro: true})
}

// defineMacro makes a macro visible in a scope. The node is where its name
// stands in the text; params and doc are for people.
func (c *compiler) defineMacro(name string, m userMacro, at *syntax.Node, s *scope, params []string, doc string) {
	symbol := c.newSymbol(Symbol{
		Name:   name,
		Kind:   Macro,
		Def:    c.span(at),
		Scope:  source.Span{Start: c.span(at).End, End: s.end},
		Params: params,
		Doc:    doc,
	})
	symbol.Expanded = c.made(at)
	c.unit.symbols = append(c.unit.symbols, symbol)
	s.add(&binding{name: name, macro: m, symbol: symbol})
	if s == c.root {
		c.unit.macros = append(c.unit.macros, macroExport{name, m})
	}
}

// aside compiles a form as a unit of its own that runs while the file is
// compiled: it sees no names of the file, and only globals for which known
// reports true. The values of the form are those of the unit. What is wrong
// with it is reported as part of the form being compiled; the unit's prototype
// is then nil.
func (c *compiler) aside(n *syntax.Node, known func(name string) bool) *unit {
	options := *c.options
	options.Globals, options.Explain = known, nil
	inner := &session{options: &options, file: c.file, around: newSurroundings(), specials: c.specials, macros: c.macros, context: c.context}
	inner.factSlabs = c.factSlabs
	inner.inclusion = c.inclusion
	id := c.unit.identity
	id.name += "\x00" + strconv.Itoa(c.names)
	id.base += n.Span.Start - c.base
	d := inner.compiler(n, id)
	c.names++
	d.compileTime = true
	d.quoted = c.quoted
	body := d.block()
	contain(func() { d.compile(n, d.root, body, want{n: anyNumber, tail: true}) })
	d.seal(body, n)
	c.factSlabs = inner.factSlabs
	c.failed = c.failed || d.failed
	if !c.muted {
		c.unit.diagnostics = append(c.unit.diagnostics, d.unit.diagnostics...)
	}
	c.unit.symbols = append(c.unit.symbols, d.unit.symbols...)
	c.unit.uses = append(c.unit.uses, d.unit.uses...)
	return d.unit
}

// expander is what a macro sees of the compiler.
type expander struct {
	c     *compiler
	scope *scope
}

var _ macros.Expander = (*expander)(nil)

func (x *expander) Gensym(base string) string {
	x.c.gensyms++
	return base + "_" + strconv.Itoa(x.c.gensyms) + "_"
}

func (x *expander) InScope(name string) bool {
	root := rootName(name)
	return x.c.local(root, x.scope) != nil || x.c.namesGlobal(root, x.scope)
}

func (x *expander) Vararg() bool { return x.c.fn.vararg }

func (x *expander) Where(n *syntax.Node) string {
	x.c.unit.line = x.c.file.Position(x.c.base).Line
	return fmt.Sprintf("%s:%d", x.c.file.Name(), x.c.file.Position(n.Span.Start).Line)
}

func (x *expander) Expand(n *syntax.Node) *syntax.Node {
	for {
		items := forms(n)
		if n.Kind != syntax.List || len(items) == 0 || items[0].Kind != syntax.Symbol {
			return n
		}
		m, ok := x.c.macro(x.c.word(items[0].Text), x.scope)
		if !ok {
			return n
		}
		n = x.c.expandOnce(m, n, items, x.scope)
	}
}

func (x *expander) Fail(at *syntax.Node, format string, args ...any) { x.c.fail(at, format, args...) }

// uses records that the form names a module.
func (c *compiler) uses(name string, k ModuleKind, span source.Span, file *source.File) {
	c.unit.uses = append(c.unit.uses, Use{Name: name, Kind: k, Span: span, File: file})
}
