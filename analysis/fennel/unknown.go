package fennel

import (
	"iter"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A MissingGlobal is a use of a global that does not exist, in a function of a
// file that is compiled with [Options.Deferred]. Reaching it raises the
// message, with the place of the name.
type MissingGlobal struct {
	Name          string
	Span          source.Span // of the name
	Message, Help string
	Fn            *Func
	// Conditional reports that the name is not reached on every way through Fn.
	Conditional bool
}

// MissingGlobals iterates over the globals that do not exist and are used in
// functions, in the order of their places. They are no errors of compiling
// under [Options.Deferred], and there are none without it.
func (m *Module) MissingGlobals() iter.Seq[*MissingGlobal] {
	return slices.Values(m.placed().Missing)
}

// missing compiles a name that means nothing. Where errors are deferred it
// raises when it is reached: in a function that is all, and at top level the
// error is reported and the rest of the form may still show what it would do.
func (c *compiler) missing(n *syntax.Node, s *scope, name string) expr {
	names := c.candidates(name, s)
	d := c.unknownGlobal(n, name, names)
	if !c.options.Deferred || c.compileTime {
		c.diagnose(d)
		return c.none(n)
	}
	told := ast.Expr(at(c, n, &ast.FalseExpr{}))
	switch {
	case c.muted:
	case c.fn.fact == nil:
		c.unit.diagnostics = append(c.unit.diagnostics, d)
		c.unit.doubtful = true
		told = at(c, n, &ast.TrueExpr{})
	default:
		c.unit.missing = append(c.unit.missing, &MissingGlobal{
			Name: name, Span: d.Span, Message: d.Message, Help: d.Help,
			Fn: c.fn.fact, Conditional: c.fn.branches > 0,
		})
	}
	args := []ast.Expr{c.stringExpr(n, name), c.stringExpr(n, d.Message), c.stringExpr(n, d.Help), told}
	if meant := c.slipOfValue(n, name, s, names); meant != nil {
		args = append(args, meant)
	}
	return expr{lua: at(c, n, &ast.FuncCallExpr{Func: runtimeFunc(raiseMissing), Args: args, AdjustRet: true}), kind: plain}
}

// A Broken is a name that has no value because the form that would give it one
// is broken, or is not there.
type Broken struct {
	Name    string
	Message string // what reaching the name raises
	Help    string // what would be right, if that is known
	// Slip is the value of the name that this one was most likely meant to be,
	// LNil when there is none.
	Slip lua.LValue
	// Told reports that a diagnostic of compiling says so. Otherwise nobody has
	// said yet that the name was reached.
	Told bool
}

// raiseMissing is the operation that stands for a global that does not exist.
const raiseMissing = "\x00missing" // function (name, message, help, told, slip)

// addMissing adds the operation to those of the runtime.
func (p *Program) addMissing() {
	p.runtime[raiseMissing] = newCell(p.State.L.NewFunction(func(L *lua.LState) int {
		b := Broken{Name: L.CheckString(1), Message: L.CheckString(2), Help: L.CheckString(3), Told: L.ToBool(4), Slip: L.Get(5)}
		if p.StandIn != nil {
			if v := p.StandIn(L, b); v != nil {
				L.Push(v)
				return 1
			}
		}
		L.Error(lua.LString(b.Message), 0)
		return 0
	}))
}
