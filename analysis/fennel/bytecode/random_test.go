package bytecode_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var programs = flag.Int("programs", 500, "how many random programs to compare with PUC Lua")

// TestRandomPrograms runs generated programs here and in PUC Lua. What they
// print shows their values and the order in which things happen.
func TestRandomPrograms(t *testing.T) {
	reference := referenceLua(t)
	text := make([]string, *programs)
	for i := range text {
		text[i] = randomProgram(uint64(i))
	}
	cmd := exec.Command(reference, "-")
	cmd.Stdin = strings.NewReader(strings.Join(append([]string{prelude}, text...), "\n"))
	want, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("reference: %v\n%s", err, want)
	}
	expected := strings.Split(string(want), "program\n")[1:]
	var out bytes.Buffer
	m := newMachine(t, &out)
	m.do(t, prelude)
	for i := range text {
		out.Reset()
		m.do(t, text[i])
		got := strings.TrimPrefix(out.String(), "program\n")
		if diff := cmp.Diff(expected[i], got); diff != "" {
			t.Fatalf("seed %d: -reference +got:\n%s%s", i, diff, text[i])
		}
	}
}

// FuzzRandomPrograms looks for programs that cannot be compiled or that break
// the VM.
func FuzzRandomPrograms(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		text := randomProgram(seed)
		var out bytes.Buffer
		m := newMachine(t, &out)
		m.do(t, prelude)
		m.do(t, text)
		if strings.Contains(out.String(), "runtime error") {
			t.Errorf("%s\n%s", &out, text)
		}
	})
}

// prelude is what the programs use: T logs its arguments and returns them,
// and stops programs that take too long.
const prelude = `
local steps
-- adding 0 makes 0 of -0, which the machines print differently
local function show(v)
  if type(v) == "number" then return v ~= v and "nan" or ("%.14g"):format(v + 0) end
  if type(v) == "table" then return "table" .. C(v) end
  return type(v) == "function" and "function" or tostring(v)
end
function C(t)
  local n = 0
  for i = 1, 9 do if rawget(t, i) ~= nil then n = n + i end end
  return n + (rawget(t, "x") and 100 or 0) + (rawget(t, "y") and 200 or 0)
end
function T(...)
  steps = steps + 1
  if steps > 400 then error("enough", 0) end
  local out = {}
  for i = 1, select("#", ...) do out[i] = show((select(i, ...))) end
  print(table.concat(out, " "))
  return ...
end
local ops = {}
for _, op in ipairs({"add", "sub", "mul", "unm", "index", "concat"}) do
  ops["__" .. op] = function(a, b) T(op, a, b) return 3 end
end
function ops.__newindex(t, k, v) T("newindex", k, v) end
function ops.__call(t, ...) return T("call", ...) end
M = setmetatable({}, ops)
function R(f)
  steps = 0
  print("program")
  g1, g2 = 1, 2
  local ok, message = pcall(f, 4, nil, 6)
  print(ok, not ok and message == "enough")
  if not ok and message ~= "enough" then print((tostring(message):gsub("^.*:%d+: ?", ""):match("^runtime error.*"))) end
end
`

// A generator writes one program. Names of numeric variables begin with n, of
// variables of any type with a, of functions with f.
type generator struct {
	*rand.Rand
	b      strings.Builder
	names  []string // in scope
	serial int
	budget int
	loops  int
	vararg bool
	inFunc int
}

func randomProgram(seed uint64) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), budget: 60, vararg: true}
	g.line("R(function(...)")
	g.line("local n1, n2, a1, a2, t, fs = 1, 2, nil, 'x', {5, 6, x = 7}, {}")
	g.line("function t:m(...) T(self == t, ...) end")
	g.names = []string{"n1", "n2", "a1", "a2"}
	g.block(8)
	g.line("T('end', n1, n2, a1, a2, g1, g2, t, t[1], t[2], t[3], t.x, t.y)")
	g.line("for i = 1, #fs do T(i, fs[i](), fs[i]()) end")
	g.line("end)")
	return g.b.String()
}

func (g *generator) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

// name returns a variable in scope whose name begins with prefix, or other.
func (g *generator) name(prefix, other string) string {
	var found []string
	for _, n := range g.names {
		if strings.HasPrefix(n, prefix) {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		return other
	}
	return found[g.IntN(len(found))]
}

func (g *generator) fresh(prefix string) string {
	g.serial++
	return fmt.Sprint(prefix, g.serial)
}

// block writes up to n statements in a scope of their own.
func (g *generator) block(n int) {
	scope := len(g.names)
	for range 1 + g.IntN(n) {
		g.statement()
	}
	g.names = g.names[:scope]
}

func (g *generator) statement() {
	if g.budget--; g.budget < 0 {
		return
	}
	switch g.IntN(20) {
	case 0, 1:
		n := g.fresh("n")
		g.line("local %s = %s", n, g.number(3))
		g.names = append(g.names, n)
	case 2, 3:
		a, b, n := g.fresh("a"), g.fresh("a"), g.fresh("a")
		g.line("local %s, %s, %s = %s", a, b, n, g.list(3))
		g.names = append(g.names, a, b, n)
	case 4, 5:
		g.line("%s = %s", g.name("n", "n1"), g.number(3))
	case 6, 7:
		g.line("%s = %s", g.place(), g.value(3))
	case 8, 9:
		g.line("%s, %s, %s = %s", g.place(), g.place(), g.place(), g.list(3))
	case 10:
		g.line("T(%s)", g.list(3))
	case 11, 12:
		g.branch()
	case 13, 14:
		g.loop()
	case 15:
		g.line("do")
		g.block(3)
		g.line("end")
	case 16:
		n := g.name("n", "n1")
		g.line("fs[#fs + 1] = %s", g.inner("", func() string { return fmt.Sprintf("%s = %s return %s", n, g.number(2), g.list(2)) }))
	case 17, 18:
		g.function()
	default:
		g.leave()
	}
}

// leave writes a break or return, where a block may end.
func (g *generator) leave() {
	switch {
	case g.loops > 0 && g.IntN(2) == 0:
		g.line("if %s then break end", g.value(2))
	case g.inFunc > 0:
		g.line("if %s then return %s end", g.value(2), g.list(2))
	default:
		g.line("t:m(%s)", g.list(2))
		g.b.WriteString("; ")
	}
}

func (g *generator) branch() {
	g.line("if %s then", g.value(3))
	g.block(3)
	if g.IntN(2) == 0 {
		g.line("elseif %s then", g.value(3))
		g.block(2)
	}
	if g.IntN(2) == 0 {
		g.line("else")
		g.block(2)
	}
	g.line("end")
}

func (g *generator) loop() {
	g.loops++
	defer func() { g.loops-- }()
	n, scope := g.fresh("n"), len(g.names)
	defer func() { g.names = g.names[:scope] }()
	switch g.IntN(4) {
	case 0:
		g.line("for %s = %d, %d do", n, g.IntN(3), 1+g.IntN(3))
		g.names = append(g.names, n)
	case 1:
		a := g.fresh("a")
		g.line("for %s, %s in ipairs({%s}) do", n, a, g.list(2))
		g.names = append(g.names, n, a)
	case 2:
		g.line("local c%s = 0", n)
		g.line("while c%s < 3 and %s do c%[1]s = c%[1]s + 1", n, g.value(2))
	default:
		g.line("local c%s = 0", n)
		g.line("repeat c%s = c%[1]s + 1", n)
		g.line("local %s = %s", n, g.number(1))
		g.names = append(g.names, n)
		g.block(3)
		g.line("until c%s > 2 or %s", n, g.value(2))
		return
	}
	g.block(3)
	g.line("end")
}

func (g *generator) function() {
	f, a, b, scope := g.fresh("f"), g.fresh("a"), g.fresh("a"), len(g.names)
	loops, vararg := g.loops, g.vararg
	g.loops, g.vararg = 0, g.IntN(2) == 0
	g.inFunc++
	more := ""
	if g.vararg {
		more = ", ..."
	}
	if g.IntN(4) == 0 {
		f = "t.f"
		g.line("function t.f(%s, %s%s)", a, b, more)
	} else {
		g.line("local function %s(%s, %s%s)", f, a, b, more)
	}
	g.line("T('in')")
	g.names = append(g.names, a, b)
	g.block(3)
	g.line("return %s", g.list(3))
	g.line("end")
	g.names = g.names[:scope]
	g.loops, g.vararg = loops, vararg
	g.inFunc--
	if f != "t.f" {
		g.names = append(g.names, f)
	}
}

// place returns what a value of any type can be assigned to.
func (g *generator) place() string {
	return g.pick(
		func() string { return g.name("a", "a1") },
		func() string { return g.name("a", "a1") },
		func() string { return "t.x" },
		func() string { return "t.y" },
		func() string { return fmt.Sprintf("t[%d]", 1+g.IntN(3)) },
		func() string { return "t[" + g.name("n", "n1") + "]" },
		func() string { return "t[T(" + g.name("n", "n1") + ")]" },
		func() string { return "M[" + g.value(1) + " or 1]" },
		func() string { return "g1" },
	)
}

// list returns 1 to n values, of which the last may be any number.
func (g *generator) list(n int) string {
	var values []string
	for range g.IntN(n) {
		values = append(values, g.value(2))
	}
	last := g.pick(
		func() string { return g.value(2) },
		func() string { return g.call(2) },
		func() string { return "T(" + g.value(1) + ", " + g.value(1) + ")" },
		func() string { return g.dots("nil") },
	)
	return strings.Join(append(values, last), ", ")
}

func (g *generator) dots(other string) string {
	if g.vararg {
		return "..."
	}
	return other
}

func (g *generator) call(depth int) string {
	return g.pick(
		func() string { return "T(" + g.value(depth-1) + ")" },
		func() string { return g.name("f", "T") + "(" + g.value(depth-1) + ", " + g.value(depth-1) + ")" },
		func() string { return "(t.f or T)(" + g.value(depth-1) + ")" },
		func() string { return "M(" + g.value(depth-1) + ")" },
		func() string {
			return "(" + g.inner("...", func() string {
				return fmt.Sprintf("%s = %s return %s", g.name("n", "n1"), g.number(depth-1), g.list(2))
			}) + ")(1, 2)"
		},
	)
}

// inner returns a function with the parameters, which may be "...".
func (g *generator) inner(params string, body func() string) string {
	outer := g.vararg
	g.vararg = params != ""
	defer func() { g.vararg = outer }()
	return "function(" + params + ") " + body() + " end"
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.pick(
			func() string { return fmt.Sprint(g.IntN(9)) },
			func() string { return g.name("n", "n1") },
			func() string { return g.name("n", "n1") },
			func() string { return "g2" },
		)
	}
	d := depth - 1
	return g.pick(
		func() string { return g.number(0) },
		func() string { return "(" + g.number(d) + " + " + g.number(d) + ")" },
		func() string { return "(" + g.number(d) + " - " + g.number(d) + ")" },
		func() string { return "(" + g.number(d) + " % 7)" },
		func() string { return "- " + g.name("n", "n1") }, // PUC Lua confuses the constants 0 and - 0
		func() string { return "C(" + g.table(d) + ")" },
		func() string { return "T(" + g.number(d) + ")" },
		func() string { return "(" + g.value(d) + " and " + g.number(d) + " or " + g.number(d) + ")" },
		func() string {
			return "(" + g.inner("", func() string {
				return fmt.Sprintf("%s = %s return %s", g.name("n", "n1"), g.number(d), g.number(d))
			}) + ")()"
		},
		func() string { return "(M + " + g.number(d) + ")" },
	)
}

func (g *generator) value(depth int) string {
	if depth <= 0 {
		return g.pick(
			func() string { return []string{"nil", "true", "false", "0", "'s'"}[g.IntN(5)] },
			func() string { return g.name("a", "a1") },
			func() string { return g.name("a", "a1") },
			func() string { return g.number(0) },
			func() string { return "t.x" },
			func() string { return "(" + g.dots("a1") + ")" },
		)
	}
	d := depth - 1
	return g.pick(
		func() string { return g.value(0) },
		func() string { return g.number(d) },
		func() string { return "(" + g.value(d) + " and " + g.value(d) + ")" },
		func() string { return "(" + g.value(d) + " or " + g.value(d) + ")" },
		func() string { return "not " + g.value(d) },
		func() string { return "(" + g.value(d) + " == " + g.value(d) + ")" },
		func() string { return "(" + g.value(d) + " ~= " + g.value(d) + ")" },
		func() string { return "(" + g.number(d) + " < " + g.number(d) + ")" },
		func() string { return "(" + g.number(d) + " >= " + g.number(d) + ")" },
		func() string { return "(" + g.number(d) + " + 0 .. " + g.number(d) + " + 0 .. 's')" },
		func() string { return "(" + g.call(d) + ")" },
		func() string { return g.call(d) },
		func() string { return g.table(d) },
		func() string { return "t[" + g.number(d) + "]" },
		func() string { return "M[" + g.value(d) + "]" },
		func() string { return "(function(a, ...) return " + g.name("a", "a1") + " end)(" + g.value(d) + ")" },
	)
}

func (g *generator) table(depth int) string {
	var fields []string
	for range g.IntN(4) {
		fields = append(fields, g.pick(
			func() string { return g.value(depth - 1) },
			func() string { return "x = " + g.value(depth-1) },
			func() string { return "[T(" + g.number(depth-1) + ")] = " + g.value(depth-1) },
			func() string { return "y = " + g.call(depth-1) },
			func() string { return g.call(depth - 1) },
		))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func (g *generator) pick(choices ...func() string) string { return choices[g.IntN(len(choices))]() }
