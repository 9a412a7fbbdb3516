package fennel

import (
	"context"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/fennel/bytecode"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"

	"github.com/yuin/gopher-lua/ast"
)

// What compiling may cost: macros can make code without end. The nodes are those
// of a file, the others those of a form. The depth keeps the Go stack small.
const (
	maxDepth      = 1500
	maxNodes      = 400_000
	maxWasted     = 5 * maxNodes // in forms that were given up
	maxExpansions = 20_000
)

// A compiler compiles one unit.
type compiler struct {
	*session
	unit   *unit
	base   int // offset of the form in the file
	root   *scope
	fn     *function                     // the function being compiled
	quoted map[*syntax.Node]source.Place // symbols that a macro quoted and must not bind, by where
	budget
	naming
	outcome
	phase
}

// A session is what the units of one file share while it is compiled.
type session struct {
	options  *Options
	file     *source.File
	around   *surroundings
	specials map[string]*special
	macros   macroEnv
	context  context.Context // that of the program that compiles, for its macros
	compiled int             // nodes so far
	reused   int             // nodes of forms that were compiled before
	wasted   int             // nodes of forms that were given up
	told     map[string]bool // limits of the whole file that were reported
	intact   bool            // the reader found nothing wrong with the file
	helps    bool            // it compiles forms before it is their turn
	compared int             // names that were compared with unknown ones
	words    words
	inclusion
	scratch
}

// inclusion is what a file includes, and what includes it.
type inclusion struct {
	included  map[string]bool // modules that were compiled for the file
	including []string        // modules around the file, outermost first
	asked     *asked          // for the file
}

// asked is what the modules that a file is compiled with cost.
type asked struct {
	forms   int
	modules map[string]bool // by kind and name
}

func (a *asked) add(k ModuleKind, name string) { a.modules[string(rune('0'+k))+name] = true }

// scratch is memory that the units of a session use one after the other, and
// memory for small values that is taken in pieces.
type scratch struct {
	work    workspace
	marks   map[markedName]string
	drafts  drafts
	backEnd bytecode.Compiler
	factSlabs
}

// budget counts what compiling the unit has cost.
type budget struct {
	depth, nodes, expansions int
	// expanding are the spans of the macro calls around the node that is being
	// compiled, innermost last. A node that has one of these was made by a
	// macro; one that the user wrote inside a call lies strictly within.
	expanding []source.Span
}

// phase says when the code will run.
type phase struct {
	// compileTime reports that the code runs while the file is compiled, where
	// quoting makes code.
	compileTime bool
	form        *syntax.Node // the top-level form
}

// outcome says what went wrong with the unit.
type outcome struct {
	failed    bool // something in the form is wrong
	lost      bool // nothing of the form can be run
	muted     bool // its text could not be read, so nothing else is reported
	exhausted bool
}

// Compile compiles a tree. It never fails: what is wrong stands in the
// module's diagnostics, and everything that is intact is compiled.
func Compile(t *syntax.Tree, o Options) *Module {
	if o.Cache == nil {
		o.Cache = new(Cache)
	}
	s := newSession(t.File, &o)
	defer s.macros.close()
	return s.module(t)
}

func newSession(f *source.File, o *Options) *session {
	s := &session{options: o, file: f, around: newSurroundings(), specials: specialForms(), context: context.Background()}
	s.asked = &asked{modules: map[string]bool{}}
	s.macros = newMacroEnv(s)
	s.around.current = s.macros.current
	return s
}

// module compiles the session's file.
func (s *session) module(t *syntax.Tree) *Module {
	s.intact = len(t.Diagnostics) == 0
	drawn := s.options.Cache.draw()
	m := &Module{Tree: t}
	m.deferred = s.options.Deferred
	if !s.admits(m) {
		m.finish()
		return m
	}
	forms, last := t.Forms, lastForm(t.Forms)
	var ahead outlook
	defer ahead.end()
	for i, n := range forms {
		if !isForm(n) {
			continue
		}
		ahead.begin(s, drawn, forms, i)
		made := ahead.unit(i)
		key := unitKey{text: t.File.Slice(n.Span), last: i == last}
		u := drawn.find(key, s.around, func() int { return t.File.Position(n.Span.Start).Line })
		fresh := u == nil
		if fresh {
			u = made
		}
		if u == nil || fresh && !s.around.admits(u) || !s.reuse(u) {
			fresh = true
			u = s.compile(drawn.own(n), drawn.identity(t.File), i == last)
		}
		if fresh {
			drawn.add(key, u)
		}
		ahead.made(u, fresh)
		s.macros.placed(u, n.Span.Start)
		m.link(u, n.Span.Start, s.around)
	}
	if s.macros.changed() {
		drawn.fresh = nil
	}
	drawn.done()
	m.finish()
	return m
}

func isForm(n *syntax.Node) bool { return n.Kind != syntax.Comment && n.Kind != syntax.Error }

func lastForm(nodes []*syntax.Node) int {
	for i := len(nodes) - 1; i >= 0; i-- {
		if isForm(nodes[i]) {
			return i
		}
	}
	return -1
}

// compile compiles one top-level form.
func (s *session) compile(n *syntax.Node, id identity, last bool) *unit {
	return s.compiler(n, id).topLevel(n, last)
}

// topLevel compiles a top-level form, whose values are the module's if it is
// the last.
func (c *compiler) topLevel(n *syntax.Node, last bool) *unit {
	body := c.block()
	w := want{n: 0}
	if last {
		w = want{n: anyNumber, tail: true}
	}
	contain(func() { c.drop(c.compile(n, c.root, body, w), body, 0, n) })
	c.unit.referred = slices.Clone(c.root.referred)
	c.seal(body, n)
	if c.unit.nodes = c.nodes; c.exhausted {
		c.wasted += c.nodes
	} else {
		c.compiled += c.nodes
	}
	return c.unit
}

// compiler returns a compiler for one form.
func (s *session) compiler(n *syntax.Node, id identity) *compiler {
	c := &compiler{
		session: s,
		unit:    &unit{identity: id},
		base:    n.Span.Start,
	}
	s.work.clear()
	s.drafts.lend(c.unit)
	c.unit.spans = append(c.unit.spans, c.span(n))
	c.root = c.scope(scope{end: fileEnd})
	c.fn = c.work.functions.New(function{vararg: true})
	c.unit.firstFact = c.numbered + 1
	c.muted = !s.intact && unreadable(n)
	c.failed = c.muted
	c.form, c.lost = n, c.muted && !defines(n)
	return c
}

// unreadable reports whether the reader found something wrong in a form.
func unreadable(n *syntax.Node) bool {
	for x := range n.All() {
		if x.Open || x.Kind == syntax.Error {
			return true
		}
	}
	return false
}

// mendable reports whether a form that failed is run without its broken parts,
// for what the forms behind it need to show which jobs there are.
func (c *compiler) mendable() bool {
	return c.options.Deferred && !c.compileTime && !c.lost && !c.exhausted
}

// defines reports whether all that a form does is to give a name a value.
func defines(n *syntax.Node) bool {
	items := forms(n)
	if n.Kind != syntax.List || len(items) < 3 || items[0].Kind != syntax.Symbol {
		return false
	}
	switch items[0].Text {
	case "local", "var", "fn", "lambda", "λ":
		return true
	}
	return false
}

// seal makes the unit's prototype, or marks what it defines as broken.
func (c *compiler) seal(body *block, n *syntax.Node) {
	if !c.failed || c.mendable() {
		c.unit.doubtful = c.unit.doubtful || c.failed
		proto, err := c.backEnd.Compile(bytecode.Chunk{
			Name:   c.unit.name,
			Vararg: true,
			Body:   body.stmts,
			Shared: isShared,
		})
		if err != nil {
			c.refuse(err, n)
		}
		c.unit.proto = proto
	}
	c.unit.sort()
	c.drafts.settle(c.unit)
	c.unit.numbers = int(c.numbered - c.unit.firstFact + 1)
	for i := range c.unit.exports {
		e := &c.unit.exports[i]
		e.poisoned = c.failed
	}
}

// refuse reports what the back end does not take.
func (c *compiler) refuse(err error, n *syntax.Node) {
	span := c.span(n)
	if e, ok := err.(*bytecode.Error); ok {
		span = c.unit.spanOf(e.Line)
	}
	c.diagnose(diag.Diagnostic{Span: span, Code: diag.Compile, Message: err.Error()})
}

// A block collects the statements of one block of generated code.
type block struct{ stmts []ast.Stmt }

func (b *block) emit(s ast.Stmt) { b.stmts = append(b.stmts, s) }

// A function is one function of the generated code.
type function struct {
	// fact is the function form; nil at top level.
	fact   *Func
	vararg bool
	// called reports that the function was made to hold statements and is
	// called where it stands, so that what it returns is no result of fact.
	called bool
	// branches counts the forms around the one being compiled that may skip it.
	branches int
}
