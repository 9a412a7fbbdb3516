package fennel

import (
	"iter"
	"slices"

	"quire/analysis/fennel/syntax"
)

// outerRoot starts a path at a local of another unit, Root.Name. Joining puts
// what that local is in its place; no such path leaves the package.
const outerRoot RootKind = -1

// newValue returns a copy of a value of the unit.
func (c *compiler) newValue(v Value) *Value {
	out := c.factSlabs.newValue(v)
	if out.Kind == Path && out.Root.Kind == outerRoot {
		c.unit.abroad = append(c.unit.abroad, foreign{out, out.Route})
	}
	return out
}

func (c *compiler) value(k ValueKind, n *syntax.Node) *Value {
	v := Value{Kind: k, Span: c.span(n), Made: c.made(n)}
	switch k {
	case Unknown, Literal:
	case Path:
		v.Route = c.factSlabs.routes.One()
	default:
		v.Parts = c.factSlabs.parts.One()
	}
	return c.newValue(v)
}

func (c *compiler) unknown(n *syntax.Node) *Value { return c.value(Unknown, n) }

func (c *compiler) literal(n *syntax.Node, luaType, text string) *Value {
	v := c.value(Literal, n)
	v.Type, v.Text = luaType, text
	return v
}

func (c *compiler) nothing(n *syntax.Node) *Value { return c.literal(n, "nil", "nil") }

func (c *compiler) path(n *syntax.Node, root Root) *Value {
	v := c.value(Path, n)
	v.Root = root
	return v
}

// known returns what is known of an expression that a node was compiled to.
func (c *compiler) known(x expr, n *syntax.Node) *Value {
	if x.fact == nil {
		return c.unknown(n)
	}
	return x.fact
}

// seen returns the value of a local in the place of a node that names it.
func (c *compiler) seen(n *syntax.Node, v *Value) *Value {
	out := c.newValue(*v)
	out.Span, out.Made = c.span(n), c.made(n)
	return out
}

// step returns what is known of the value under a key, or nil.
func (c *compiler) step(n *syntax.Node, of *Value, key Key) *Value {
	v, ok := c.under(of, key)
	if !ok {
		return nil
	}
	v.Span, v.Made = c.span(n), c.made(n)
	return c.newValue(v)
}

// under returns what stands under a key; ok is false when nothing is known of
// it.
func (s *factSlabs) under(of *Value, key Key) (v Value, ok bool) {
	if of == nil {
		return Value{}, false
	}
	switch of.Kind {
	case Path:
		v = *of
		v.Route = s.routes.New(*of.Route)
		if v.Root.Kind == GlobalRoot && v.Root.Name == "_G" && len(v.Keys) == 0 {
			v.Root.Name = key.Name
		} else {
			v.Keys = s.keys.Take(len(of.Keys) + 1)
			v.Keys[copy(v.Keys, of.Keys)] = key
		}
		return v, true
	case Result:
		keys := s.keys.Take(1)
		keys[0] = key
		return Value{Kind: Path, Parts: s.noParts(), Route: s.routes.New(Route{Root{Kind: CallRoot, Call: of.Call}, keys})}, true
	case TableOf:
		for i := len(of.Fields) - 1; i >= 0; i-- {
			if k := of.Fields[i].Key; k.Kind == Literal && k.Type == "string" && k.Text == key.Name {
				return *of.Fields[i].Value, true
			}
		}
	}
	return Value{}, false
}

// itemOf returns what is known of the value at an index, counted from 0, or
// nil.
func itemOf(of *Value, i int) *Value {
	if of == nil || of.Kind != ArrayOf && of.Kind != TableOf || i >= len(of.Items) || of.Open && i == len(of.Items)-1 {
		return nil
	}
	return of.Items[i]
}

// access records that an expression reads a key of another.
func (c *compiler) access(x, of expr) expr {
	if of.access != nil {
		of.access.Value = nil
	}
	if x.fact == nil || x.fact.Kind != Path {
		return x
	}
	x.access = c.reads.New(Access{Value: x.fact, Fn: c.fn.fact, Conditional: c.fn.branches > 0 || c.nested(x.fact)})
	c.unit.accesses = append(c.unit.accesses, x.access)
	return x
}

// nested reports whether the function being compiled is nested in the one
// whose run the path belongs to: that of the parameter it starts from, else
// top level.
func (c *compiler) nested(v *Value) bool {
	fn := c.fn.fact
	if fn == nil {
		return false
	}
	if v.Kind == Path && v.Root.Kind == ParamRoot {
		return v.Root.Fn != fn
	}
	return fn.Outer != nil
}

// called records a call and returns what is known of its result.
func (c *compiler) called(n *syntax.Node, callee *Value, args []*Value) *Value {
	fact := c.newCall(Call{
		Span:        c.span(n),
		Callee:      callee,
		Args:        args,
		Fn:          c.fn.fact,
		Conditional: c.fn.branches > 0 || c.nested(callee),
	})
	c.unit.calls = append(c.unit.calls, fact)
	if isRequire(callee) && len(args) > 0 && args[0].Kind == Literal && args[0].Type == "string" {
		if !c.compileTime {
			c.uses(args[0].Text, Code, args[0].Span, nil)
		}
		return c.path(n, Root{Kind: ModuleRoot, Name: args[0].Text})
	}
	v := c.value(Result, n)
	v.Call = fact
	return v
}

func isRequire(v *Value) bool {
	return v.Kind == Path && v.Root.Kind == GlobalRoot && v.Root.Name == "require" && len(v.Keys) == 0
}

// Calls iterates over the calls of the module in the order of their places.
func (m *Module) Calls() iter.Seq[*Call] { return slices.Values(m.placed().Calls) }

// Accesses iterates over the reads of paths in the order of their places.
func (m *Module) Accesses() iter.Seq[*Access] { return slices.Values(m.placed().Accesses) }

// Functions iterates over the function forms of the module in the order of
// their places. A function is the same *Func wherever the module's facts refer
// to it.
func (m *Module) Functions() iter.Seq[*Func] { return slices.Values(m.placed().Functions) }
