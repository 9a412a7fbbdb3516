package fennel

import (
	"slices"
	"strconv"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A binding is a name that code can see: a local, or a macro.
type binding struct {
	name string
	lua  string // what the generated code calls it
	// mutable reports that var defined it.
	mutable bool
	// poisoned reports that its definition is broken: whatever is done with it
	// is right.
	poisoned bool
	// value is what is known of a local that never changes.
	value *Value
	// of is the hashfn whose parameter it is.
	of *hashing
	// symbol is its entry in the index; nil for a name that another unit
	// defines, whose uses are kept by name.
	symbol *Symbol
	macro  userMacro
}

// A scope is one region in which names can be bound.
type scope struct {
	outer    *scope
	bindings []*binding
	end      int      // the place behind the last place where its names are seen
	hash     *hashing // of a hashfn: its parameters, which exist when they are used
	// autos numbers the names ending in # that were quoted in the scope.
	autos map[string]int
	// globals are those that (global …) made names of the scope.
	globals []string
	// referred are the globals that scopes right within this one refer to.
	referred []string
}

// hashing is what the body of a hashfn was seen to use.
type hashing struct {
	params   [9]*binding
	used     int // the highest parameter that is referred to, from 1
	variadic bool
	fact     *Func
}

func (c *compiler) inner(s *scope, n *syntax.Node) *scope {
	return c.scope(scope{outer: s, end: c.span(n).End})
}

// referred returns the word for what a reference to a name means: in a hashfn $
// refers to $1, even where something is named $.
func (c *compiler) referred(w *word, s *scope) *word {
	if w.text == "$" && s.hashing() != nil {
		return c.word("$1")
	}
	return w
}

// resolve finds the local and the macro of a name in a scope.
func (c *compiler) resolve(name string, s *scope) (local *binding, macro userMacro) {
	return c.resolveWord(c.word(name), s)
}

func (c *compiler) resolveWord(w *word, s *scope) (local *binding, macro userMacro) {
	name := w.text
	for ; s != nil; s = s.outer {
		for i := len(s.bindings) - 1; i >= 0; i-- {
			b := s.bindings[i]
			if b.name != name {
				continue
			}
			if b.macro != nil && macro == nil {
				macro = b.macro
			}
			if b.macro == nil && local == nil {
				local = b
			}
		}
		if local != nil {
			return local, macro
		}
		if s.hash != nil {
			if b := c.hashParam(s.hash, name); b != nil {
				return b, macro
			}
		}
	}
	outside := c.askAll(w)
	if macro == nil {
		macro = outside.macro
	}
	return outside.binding, macro
}

func (c *compiler) local(name string, s *scope) *binding {
	b, _ := c.resolve(name, s)
	return b
}

// namesGlobal reports whether (global …) made a name one of a scope.
func (c *compiler) namesGlobal(name string, s *scope) bool {
	for ; s != nil; s = s.outer {
		if slices.Contains(s.globals, name) {
			return true
		}
	}
	return c.askAll(c.word(name)).global == namedGlobal
}

// referent returns the local that a reference to a name means, or nil.
func (c *compiler) referent(name string, s *scope) *binding {
	b, _ := c.resolveWord(c.referred(c.word(name), s), s)
	return b
}

// hashParam returns the parameter of a hashfn that a name means, or nil.
func (c *compiler) hashParam(h *hashing, name string) *binding {
	if len(name) != 2 || name[0] != '$' || name[1] < '1' || name[1] > '9' {
		return nil
	}
	index := int(name[1] - '1')
	if h.params[index] == nil {
		h.params[index] = &binding{
			name:  "$" + strconv.Itoa(index+1),
			lua:   c.fresh("$" + strconv.Itoa(index+1)),
			value: c.newPath(Root{Kind: ParamRoot, Fn: h.fact, Index: int32(index)}),
			of:    h,
		}
	}
	return h.params[index]
}

// A declaration is a binding on its way into a scope.
type declaration struct {
	node    *syntax.Node // the symbol
	kind    SymbolKind
	mutable bool
	from    int // offset from where it is seen
}

// declare makes the binding for a symbol without showing it to the scope, so
// that the value bound to a name still sees what the name meant before.
func (c *compiler) declare(d declaration, s *scope) *binding {
	c.checkBindable(d.node, s)
	name := d.node.Text
	mark := localMark
	if s == c.root {
		mark = cellMark
	}
	b := c.work.bindings.New(binding{name: name, lua: c.marked(name, mark), mutable: d.mutable})
	b.symbol = c.newSymbol(Symbol{
		Name:     name,
		Kind:     d.kind,
		Def:      c.span(d.node),
		Scope:    source.Span{Start: d.from + c.shift(), End: s.end},
		Expanded: c.made(d.node),
	})
	c.unit.symbols = append(c.unit.symbols, b.symbol)
	if s == c.root {
		c.unit.exports = append(c.unit.exports, export{name: name, lua: b.lua, mutable: d.mutable, symbol: b.symbol})
	}
	return b
}

// checkBindable fails for a symbol that must not be bound.
func (c *compiler) checkBindable(n *syntax.Node, s *scope) {
	name := n.Text
	c.checkCharacters(name, n)
	w := c.word(name)
	if _, isMacro := c.macro(w, s); isMacro || w.root.special != nil {
		c.fail(n, "local %s was overshadowed by a special form or macro", name)
	}
	c.checkQuoted(n)
}

// checkCharacters fails for a name that has a character of the notations that
// take names apart.
func (c *compiler) checkCharacters(name string, at *syntax.Node) {
	i := strings.IndexAny(name, "&.:")
	c.require(i < 0 || name[i] != '&', at, "invalid character: &")
	c.require(!strings.HasPrefix(name, "."), at, "invalid character: .")
}

func (s *scope) add(bs ...*binding) { s.bindings = append(s.bindings, bs...) }

// refer notes that code in a scope refers to a global.
func (c *compiler) refer(name string, s *scope) {
	if s.outer == nil || c.options.Globals == nil || slices.Contains(s.outer.referred, name) {
		return
	}
	s.outer.referred = append(s.outer.referred, name)
}

// checkAliases fails for a new local whose name meant a global within the scope
// before: the reference cannot give both the same name in Lua.
func (c *compiler) checkAliases(bindings []*binding, s *scope) {
	for _, b := range bindings {
		if !isLuaName(b.name) {
			continue
		}
		used := slices.Contains(s.referred, b.name)
		if s == c.root && !used && c.around.referred[b.name] {
			used, c.unit.volatile = true, true
		}
		if used {
			message := "use of global " + b.name + " is aliased by a local"
			c.diagnose(diag.Diagnostic{Span: b.symbol.Def, Code: diag.Compile, Message: message, Help: suggest(message)})
			panic(abandoned{})
		}
	}
}
