package fennel_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// manyJobs returns a pipeline of n jobs, six lines each.
func manyJobs(n int, edit string) string {
	var b strings.Builder
	b.WriteString("(local ci (require :quire.ci))\n(local {: sh} (require :quire.runtime))\n")
	for i := range n {
		changed := ""
		if i == n/2 {
			changed = edit
		}
		fmt.Fprintf(&b, `(ci.job "build-%d" [:quire/push]
  (fn [{: sh : jobs}]
    (let [out (sh ["make" "part-%d%s"] {:env {:N "%d"}})]
      (when (not= out.exit 0)
        (error (.. "part %d failed: " out.stderr)))
      {:part %d :log out.stdout})))
`, i, i, changed, i, i, i)
	}
	return b.String()
}

// manyFunctions returns a program of n functions, ten lines each, that call one
// another.
func manyFunctions(n int) string {
	var b strings.Builder
	b.WriteString("(fn f0 [x] x)\n")
	for i := range n {
		fmt.Fprintf(&b, `(fn f%d [x ?y]
  "Adds up %d things."
  (var total %d)
  (each [i v (ipairs [x 2 3])]
    (set total (+ total (* i v))))
  (let [{:a a :b [b c]} {:a total :b [1 2]}]
    (if (> a b) (f%d (- a 1))
        (= a c) (string.format "%%d" a)
        (case ?y nil :none {: n} (.. "n is " n) _ :other))))

`, i+1, i, i, i)
	}
	return b.String()
}

var benchmarked = []struct {
	name string
	text func() string
}{
	{"1 job", func() string { return manyJobs(1, "") }},
	{"10 jobs", func() string { return manyJobs(10, "") }},
	{"100 jobs", func() string { return manyJobs(100, "") }},
	{"1000 jobs", func() string { return manyJobs(1000, "") }},
	{"5000 lines", func() string { return manyFunctions(500) }},
}

func read(text string) *syntax.Tree { return syntax.Read(source.NewFile("ci.fnl", text)) }

func options(c *fennel.Cache) fennel.Options {
	return fennel.Options{Globals: func(string) bool { return true }, Cache: c}
}

func BenchmarkCompileCold(b *testing.B) {
	for _, p := range benchmarked {
		b.Run(p.name, func(b *testing.B) {
			t := read(p.text())
			if ds := fennel.Compile(t, options(nil)).Diagnostics; len(ds) > 0 {
				b.Fatal(ds[0].Message)
			}
			b.ReportAllocs()
			for b.Loop() {
				fennel.Compile(t, options(nil))
			}
		})
	}
}

// BenchmarkReference compiles the same programs with the compiler that the
// environment names, in LuaJIT: FENNEL_LUA is its fennel.lua.
func BenchmarkReference(b *testing.B) {
	compiler := os.Getenv("FENNEL_LUA")
	if compiler == "" {
		b.Skip("set FENNEL_LUA to the fennel.lua of the reference compiler to compare with it")
	}
	if _, err := exec.LookPath("luajit"); err != nil {
		b.Skip(err)
	}
	for _, p := range benchmarked {
		b.Run(p.name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "program.fnl")
			if err := os.WriteFile(file, []byte(p.text()), 0o600); err != nil {
				b.Fatal(err)
			}
			out, err := exec.Command("luajit", "-e", referenceLoop, compiler, file, fmt.Sprint(b.N)).CombinedOutput()
			if err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(seconds*1e9/float64(b.N), "ns/op")
		})
	}
}

// referenceLoop compiles a file some times, after one time that the JIT learns
// from, and prints the seconds that it took.
const referenceLoop = `
local fennel = dofile(arg[0])
local text = assert(io.open(arg[1])):read("*a")
local function compile() return fennel.compileString(text, {allowedGlobals = false}) end
compile()
local start = os.clock()
for _ = 1, tonumber(arg[2]) do compile() end
print(os.clock() - start)
`

func readJobs(edit string) *syntax.Tree { return read(manyJobs(1000, edit)) }

func BenchmarkCompileKeystroke(b *testing.B) {
	trees := []*syntax.Tree{readJobs("x"), readJobs("xy"), readJobs("xyz")}
	cache := new(fennel.Cache)
	fennel.Compile(trees[0], options(cache))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fennel.Compile(trees[i%len(trees)], options(cache))
	}
}

func BenchmarkFacts(b *testing.B) {
	t := readJobs("")
	cache := new(fennel.Cache)
	b.ReportAllocs()
	for b.Loop() {
		m := fennel.Compile(t, options(cache))
		for range m.Calls() {
			break
		}
	}
}
