package fennel

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// compileInclude compiles (include module): the module has to be there and to
// be right when the file is compiled. Its code is not repeated in the file: the
// modules of a program are linked by require, each once, so that is what the
// form becomes.
func compileInclude(c *compiler, f form) exprs {
	c.require(len(f.items) == 2, f.n, "expected one argument")
	named := f.items[1]
	if isBindable(named) {
		c.one(named, f.scope, f.block)
		c.fail(f.n, "module name must be string literal")
	}
	name := c.moduleName(named, &expander{c: c, scope: f.scope}, f)
	named = &syntax.Node{Kind: syntax.String, Span: named.Span, Text: name}
	c.include(name, named, f)
	head := *f.items[0]
	head.Text = "require"
	return c.call(form{f.n, []*syntax.Node{&head, named}, f.scope, f.block, f.want})
}

// include compiles the module of a name for what is wrong with it, unless the
// file includes it already.
func (c *compiler) include(name string, named *syntax.Node, f form) {
	c.needsTurn()
	// What the module needs can change without this form.
	c.unit.volatile = true
	c.require(!slices.Contains(c.including, name), f.n, "circular include detected")
	if !c.included[name] {
		c.requireRoom(f.n)
	}
	file, unusable := c.options.find(name, Code)
	c.uses(name, Code, c.span(named), file)
	c.require(unusable == "", f.n, "%s", unusable)
	c.require(file != nil, f.n, "module not found %s", name)
	if c.included[name] {
		return
	}
	if c.included == nil {
		c.included = map[string]bool{}
	}
	c.included[name] = true
	c.asked.add(Code, name)
	m := c.includedModule(name, file)
	c.unit.uses = append(c.unit.uses, placedUses(m, c.span(named))...)
	for _, d := range m.Diagnostics {
		here := diag.Related{Span: c.span(f.n), Message: fmt.Sprintf("'%s' is included here", name)}
		d.Related = append(slices.Clone(d.Related), here)
		c.unit.diagnostics = append(c.unit.diagnostics, d)
	}
	if m.Diagnostics.HasErrors() {
		c.failed = true
		panic(abandoned{})
	}
}

// find returns the file of a module, nil where there is none, and why it cannot
// be used where that is all there is to say.
func (o *Options) find(name string, k ModuleKind) (*source.File, UnusableModule) {
	if o.Resolve == nil {
		return nil, ""
	}
	file, err := o.Resolve(name, k)
	if unusable := UnusableModule(""); errors.As(err, &unusable) {
		return nil, unusable
	}
	return file, ""
}

// includedModule compiles a module that the file includes.
func (c *compiler) includedModule(name string, file *source.File) *Module {
	options := *c.options
	options.Cache, options.Module = new(Cache), name
	if strings.HasSuffix(file.Name(), ".lua") {
		m := CompileLua(file, options)
		c.asked.forms += m.Forms
		return m
	}
	s := newSession(file, &options)
	s.context, s.included, s.asked = c.context, c.included, c.asked
	s.including = append(slices.Clone(c.including), name)
	defer s.macros.close()
	m := s.module(syntax.Read(file))
	c.compiled += s.compiled
	c.asked.forms += m.Forms
	return m
}

// placedUses are the modules that an included one needs, at the place where it
// is included.
func placedUses(m *Module, at source.Span) []Use {
	uses := slices.Clone(m.Uses)
	for i := range uses {
		uses[i].Span = at
	}
	return uses
}
