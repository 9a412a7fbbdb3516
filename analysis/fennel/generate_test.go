package fennel_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A generator writes Fennel programs that end, that print the same whenever
// they run, and that mostly have no mistakes: values are used as what they are,
// names are defined before they are used. What a program prints shows values
// and the order in which things happen.
//
// Every decision is a draw. A generator made of bytes draws 0 when they are
// used up, which every choice takes for its simplest alternative, so shorter
// inputs are simpler programs.
type generator struct {
	draw func() uint64

	names  []variable // innermost last
	macros []userMacro
	size   int  // forms that may still be opened
	depth  int  // nesting of forms
	vararg bool // ... can be used
	hash   bool // within a hashfn, where no other can be opened
	quote  bool // within a quoted form, where names get a #
	labels int  // names that are unique end with it

	spoiled bool // a mistake was made on purpose
}

// A kind is what an expression is expected to be.
type kind int

const (
	number kind = iota
	text
	boolean
	sequence // of numbers
	record   // with numbers under :a and :b
	function // from numbers to a number
	anything
	kinds
)

type variable struct {
	name    string
	kind    kind
	mutable bool
}

type userMacro struct {
	name   string
	params int
	rest   bool
	kind   kind
}

// Programs print with t, and call what may fail with safe. What the VM says of
// errors is replaced, since it need not be the same, and so are the addresses
// that view shows, in which programs could look for something.
const (
	prelude = `(local fennel (require :fennel))
(fn view [...] (pick-values 1 (string.gsub (fennel.view ...) "0x%x+" "0x")))
(fn t [x ...] (print (if (= (type x) :table) (view x {:one-line? true}) (= (type x) :function) :function x)) (values x ...))
(fn safe [f ...] (let [(ok e) (pcall f ...)] (if ok e (= (type e) :string) (if (or (e:find "attempt to") (e:find "bad argument") (e:find "invalid")) :vm (pick-values 1 (e:gsub "^[^ ]*:%d+: " ""))) e)))
`
	traceModule = prelude + "{: view : t : safe}"
	useTrace    = "(local {: view : t : safe} (require :trace))\n"
)

const maxDepth = 7

// newGenerator returns a generator whose decisions come from a seed.
func newGenerator(seed uint64) *generator {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	return &generator{draw: r.Uint64}
}

// bytesGenerator returns a generator whose decisions are bytes.
func bytesGenerator(data []byte) *generator {
	return &generator{draw: func() uint64 {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return uint64(b)
	}}
}

// program writes a program. One of six has a mistake in it.
func (g *generator) program() string {
	g.size = 6 + g.below(1+g.below(*programSize))
	g.names = []variable{{"t", anything, false}}
	lines := []string{}
	for range g.below(3) {
		lines = append(lines, g.macroDefinition())
	}
	g.vararg = true
	for range 1 + g.below(6) {
		lines = append(lines, g.statement())
	}
	lines = append(lines, g.results())
	body := strings.Join(lines, "\n")
	if g.spoiled = g.oneIn(*mistakes); g.spoiled {
		body = g.spoil(body)
	}
	return useTrace + body
}

// results is the last form.
func (g *generator) results() string {
	if g.oneIn(3) {
		return g.expr(anything)
	}
	return g.form("values", g.some(1, 4, func() string { return g.expr(g.anyKind()) })...)
}

func (g *generator) below(n int) int {
	return int(g.draw() % uint64(n))
}

func (g *generator) oneIn(n int) bool { return g.below(n) == n-1 }

func (g *generator) anyKind() kind { return kind(g.below(int(kinds))) }

// pick returns one of the alternatives, the simplest of which is the first.
func pick[T any](g *generator, alternatives ...T) T { return alternatives[g.below(len(alternatives))] }

// some returns from low to high of what make makes.
func (g *generator) some(low, high int, make func() string) []string {
	out := []string{}
	for range low + g.below(high-low+1) {
		out = append(out, make())
	}
	return out
}

func (g *generator) form(head string, args ...string) string {
	return "(" + strings.Join(append([]string{head}, args...), " ") + ")"
}

func brackets(items ...string) string { return "[" + strings.Join(items, " ") + "]" }

// in calls make with the names that are defined meanwhile gone afterwards.
func (g *generator) in(make func() string) string {
	n := len(g.names)
	out := make()
	g.names = g.names[:n]
	return out
}

// within a function, ... and $ are its own.
func (g *generator) inFunction(vararg, hash bool, make func() string) string {
	v, h := g.vararg, g.hash
	g.vararg, g.hash = vararg, hash || g.hash
	out := g.in(make)
	g.vararg, g.hash = v, h
	return out
}

// Names that differ only in what becomes of them in Lua, or that Lua keeps for
// itself.
var localNames = []string{
	"x", "y", "x-y", "x_y", "a?", "b!", "end", "repeat", "x0", "é", "a->b", "_u", "goto", "self", "and-so", "x*", "_1_", "n",
}

// define makes a name visible and returns it.
func (g *generator) define(k kind, mutable bool) string {
	name := pick(g, localNames...)
	if g.quote {
		name = pick(g, "x#", "y#", "z-1#")
	}
	g.names = append(g.names, variable{name, k, mutable})
	return name
}

// label returns a name that nothing else has.
func (g *generator) label(prefix string) string {
	g.labels++
	name := fmt.Sprintf("%s%d", prefix, g.labels)
	if g.quote {
		name += "#"
	}
	return name
}

// variable returns a name of the kind that is visible.
func (g *generator) variable(k kind, mutable bool) (string, bool) {
	var found []string
	seen := map[string]bool{}
	for _, v := range slices.Backward(g.names) {
		if !seen[v.name] && (v.kind == k || k == anything) && (v.mutable || !mutable) {
			found = append(found, v.name)
		}
		seen[v.name] = true
	}
	if len(found) == 0 {
		return "", false
	}
	return pick(g, found...), true
}

// body returns statements and an expression as its last form.
func (g *generator) body(k kind) string {
	return g.in(func() string {
		forms := []string{}
		for range g.below(3) {
			forms = append(forms, g.statement())
		}
		return strings.Join(append(forms, g.expr(k)), " ")
	})
}

// spoil makes a mistake by chance.
func (g *generator) spoil(program string) string {
	toks := tokens(program)
	if len(toks) < 2 {
		return program
	}
	at := g.below(len(toks))
	for toks[at] == "\n" || strings.Contains(")]}", toks[at]) {
		at = (at + 1) % len(toks)
	}
	end := formEnd(toks, at)
	other := g.below(len(toks))
	otherForm := toks[other:formEnd(toks, other)]
	switch g.below(7) {
	case 0, 1:
		return join(slices.Concat(toks[:at], toks[end:]))
	case 2:
		return join(slices.Concat(toks[:at], toks[at:end], toks[at:end], toks[end:]))
	case 3, 4:
		return join(slices.Concat(toks[:at], otherForm, toks[end:]))
	case 5:
		odd := pick(g, "nil", "&", "...", "[]", "{}", "unknown", "a.b", ":s", "1", ".", "$1", "if", "(values)", "&as", "~x", "(fn)", "_", "a:b", "x.1.y", "@")
		return join(slices.Concat(toks[:at], []string{odd}, toks[end:]))
	}
	i := g.below(len(program))
	return program[:i] + pick(g, "", ")", "(", "\"", "]", "#", "`", " ", ":", ".", "~", "0x", "é") + program[min(len(program), i+g.below(2)):]
}
