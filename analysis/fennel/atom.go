package fennel

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// none returns the literal nil in the place of a node.
func (c *compiler) none(n *syntax.Node) expr {
	return expr{lua: at(c, n, c.work.nils.New(ast.NilExpr{})), kind: literal, fact: c.nothing(n)}
}

func (c *compiler) text(n *syntax.Node, text string) expr {
	return expr{lua: c.stringExpr(n, text), kind: literal, fact: c.literal(n, "string", text)}
}

func (c *compiler) number(n *syntax.Node) expr {
	v, ok := syntax.ParseNumber(n.Text)
	if !ok {
		c.fail(n, "could not read number \"%s\"", n.Text)
	}
	fact := c.literal(n, "number", displayNumber(v))
	return expr{lua: c.numberExpr(n, v), kind: literal, fact: fact}
}

// displayNumber returns a number as tostring shows it.
func displayNumber(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case math.IsNaN(v):
		return "nan"
	}
	return strconv.FormatFloat(v, 'g', 14, 64)
}

// numberExpr returns a literal for any number, infinities and NaN included.
func (c *compiler) numberExpr(n *syntax.Node, v float64) ast.Expr {
	x := c.numeral(n, strconv.FormatFloat(math.Abs(v), 'g', -1, 64))
	if !math.Signbit(v) {
		return x
	}
	return at(c, n, &ast.UnaryMinusOpExpr{Expr: x})
}

// symbol compiles a symbol that stands for a value.
func (c *compiler) symbol(n *syntax.Node, s *scope) expr {
	switch n.Text {
	case "nil":
		return c.none(n)
	case "true":
		return expr{lua: at(c, n, &ast.TrueExpr{}), kind: literal, fact: c.literal(n, "boolean", "true")}
	case "false":
		return expr{lua: at(c, n, &ast.FalseExpr{}), kind: literal, fact: c.literal(n, "boolean", "false")}
	case "...":
		return c.varargs(n, s)
	}
	w := c.word(n.Text)
	c.require(!w.method, n, "multisym method calls may only be in call position")
	return c.reference(n, w, s)
}

func (s *scope) hashing() *hashing {
	for ; s != nil; s = s.outer {
		if s.hash != nil {
			return s.hash
		}
	}
	return nil
}

func (c *compiler) varargs(n *syntax.Node, s *scope) expr {
	c.require(c.fn.vararg || s.hashing() == nil, n, "use $... in hashfn")
	c.require(c.fn.vararg, n, "unexpected vararg")
	return expr{lua: at(c, n, &ast.Comma3Expr{}), kind: vararg}
}

// reference compiles a symbol that names a variable, or what a multi-symbol
// finds in one.
func (c *compiler) reference(n *syntax.Node, w *word, s *scope) expr {
	referred, keys := c.referred(w.root, s), w.keys
	root := referred.text
	b, macro := c.resolveWord(referred, s)
	if b == nil || macro != nil {
		c.checkValue(n, referred, s)
	}
	if b == nil && !c.isGlobal(n.Text, root) {
		name := c.unknownName(n.Text, root)
		x := c.missing(n, s, name)
		if name != root || x.kind == literal {
			return x
		}
		return c.fields(n, x, keys)
	}
	if b == nil {
		c.refer(root, s)
	}
	if keys != nil && b != nil {
		c.use(n, b, false)
		return c.fields(n, expr{lua: c.ident(n, b.lua), kind: name, fact: b.value}, keys)
	}
	return c.fields(n, c.variable(n, root, b), keys)
}

// fields compiles the read of what stands behind the root of a multi-symbol
// with the given parts, or of nothing when it has none.
func (c *compiler) fields(n *syntax.Node, x expr, keys []string) expr {
	if keys == nil {
		return x
	}
	root := keys[0]
	at0 := n.Span.Start + len(root) + 1
	for _, key := range keys[1:] {
		x = c.field(n, x, key, c.keySpan(n, at0, key))
		at0 += len(key) + 1
	}
	return x
}

// keySpan returns the span of a part of a multi-symbol, or the whole symbol's
// when it is not in the text.
func (c *compiler) keySpan(n *syntax.Node, start int, key string) source.Span {
	if n.Span.Len() != len(n.Text) || c.made(n) {
		return c.span(n)
	}
	return source.Span{Start: start, End: start + len(key)}.Shift(c.shift())
}

// checkValue fails for a macro or special form that is used as a value.
func (c *compiler) checkValue(n *syntax.Node, w *word, s *scope) {
	if _, ok := c.macro(w, s); ok {
		c.fail(n, "tried to reference a macro without calling it")
	}
	if w.special != nil && w.text != "require" {
		c.fail(n, "tried to reference a special form without calling it")
	}
}

// variable compiles the use of a local, or of a global when b is nil.
func (c *compiler) variable(n *syntax.Node, root string, b *binding) expr {
	if b == nil {
		x := c.ident(n, globalName(root))
		return expr{lua: x, kind: name, fact: c.path(n, Root{Kind: GlobalRoot, Name: root})}
	}
	c.use(n, b, false)
	x := expr{lua: c.ident(n, b.lua), kind: name}
	if b.value != nil {
		x.fact = c.seen(n, b.value)
	}
	return x
}

// use records that a symbol refers to a binding.
func (c *compiler) use(n *syntax.Node, b *binding, write bool) {
	if h := b.of; h != nil {
		h.used = max(h.used, int(b.name[1]-'0'))
		if write {
			b.value = nil
		}
		return
	}
	made := c.made(n)
	span := c.span(n)
	if span.Len() > len(b.name) && n.Kind == syntax.Symbol && strings.HasPrefix(n.Text, b.name) {
		span.End = span.Start + len(b.name)
	}
	switch {
	case b.symbol == nil:
		c.unit.outside = append(c.unit.outside, reference{name: b.name, span: span, write: write, made: made})
		return
	case made:
		b.symbol.UsedByMacro = true
	case span != b.symbol.Def:
		b.symbol.Uses = append(b.symbol.Uses, span)
	}
	b.symbol.Written = b.symbol.Written || write
}

// field compiles the read of a constant key.
func (c *compiler) field(n *syntax.Node, of expr, key string, span source.Span) expr {
	x := c.get(n, of.lua, c.stringExpr(n, key))
	return c.access(expr{lua: x, kind: plain, fact: c.step(n, of.fact, Key{key, span})}, of)
}

// isGlobal reports whether a global exists that a symbol may refer to.
func (c *compiler) isGlobal(text, root string) bool {
	known := c.options.Globals
	if known == nil || root == "_ENV" || c.isOuterGlobal(root) || c.makesGlobal(root) {
		return true
	}
	if !known(root) {
		return false
	}
	keys := c.word(text).keys
	return len(keys) < 2 || root == "_G" || known(keys[0]+"."+keys[1]) || c.isOuterGlobal(text) || c.makesGlobal(text)
}

// makesGlobal reports whether the form made a name a global before.
func (c *compiler) makesGlobal(name string) bool {
	return slices.ContainsFunc(c.unit.globals, func(g madeGlobal) bool { return g.name == name })
}

// makeGlobal lets code that is compiled from now on use a global.
func (c *compiler) makeGlobal(name string) {
	c.unit.globals = append(c.unit.globals, madeGlobal{name, assigned})
}

// nameGlobal makes a global a name of a scope.
func (c *compiler) nameGlobal(name string, s *scope) {
	s.globals = append(s.globals, name)
	class := assigned
	if s == c.root {
		class = namedGlobal
	}
	c.unit.globals = append(c.unit.globals, madeGlobal{name, class})
}

// unknownName returns the part of a symbol that is not known.
func (c *compiler) unknownName(text, root string) string {
	if c.options.Globals != nil && c.options.Globals(root) {
		return text
	}
	return root
}

// globalName returns the name under which the table of globals holds a global
// of the program: itself when Lua could write it, else the reference's
// encoding of it, since programs can see it in _G.
func globalName(name string) string {
	if isLuaName(name) {
		return name
	}
	return globalPrefix + escapeBytes(name, "_2d")
}

const globalPrefix = "__fnl_global__"

// escapeBytes replaces what cannot stand in a Lua name by the bytes' numbers,
// and dashes by dash.
func escapeBytes(text, dash string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '-':
			b.WriteString(dash)
		case isNameByte(ch):
			b.WriteByte(ch)
		default:
			b.WriteString("_" + strconv.FormatUint(uint64(ch), 16))
		}
	}
	return b.String()
}

func isNameByte(ch byte) bool {
	return ch == '_' || ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z'
}

// isLuaName reports whether a text is an identifier of Lua.
func isLuaName(text string) bool {
	if text == "" || text[0] >= '0' && text[0] <= '9' || isLuaKeyword(text) {
		return false
	}
	for i := 0; i < len(text); i++ {
		if !isNameByte(text[i]) {
			return false
		}
	}
	return true
}

func isLuaKeyword(text string) bool {
	switch text {
	case "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
		"local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while":
		return true
	}
	return false
}
