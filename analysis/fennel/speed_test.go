package fennel_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// manyLines returns a program of about n lines that uses most of the language,
// twelve lines a function. The function in the middle is different with another
// edit.
func manyLines(n int, edit string) string {
	var b strings.Builder
	b.WriteString("(local state {:count 0 :names []})\n")
	for i := range n / 12 {
		changed := ""
		if i == n/24 {
			changed = edit
		}
		fmt.Fprintf(&b, `(fn step-%d [{: name &as item} ?limit ...]
  "Adds what an item holds."
  (let [[first & rest] (or item.parts [%d])
        total (accumulate [sum 0 _ n (ipairs rest)] (+ sum n first))]
    (case (values name total)
      (nil _) (error (.. "no name%s in " (tostring item)))
      (where (:skip t) (< t %d)) nil
      (n t) (do (tset state.names n t)
                (set state.count (+ state.count 1))))
    (each [k v (pairs item) &until (and ?limit (< ?limit state.count))]
      (when (and (= (type v) :string) (not= k :name))
        (table.insert state.names (-> v (string.gsub "%%s+" "-") (string.lower)))))
    (icollect [_ n (ipairs state.names)] (if (< (length n) %d) {:n n :args [...]}))))
`, i, i, changed, i, i)
	}
	return b.String()
}

// BenchmarkCompile compiles programs as an editor does: all of a file, and
// again after a letter was typed in the middle of it. Reading is part of it.
// With FENNEL_LUA set the reference compiles the same programs under LuaJIT,
// or what FENNEL_LUA_VM names, with commas between, where gopher-lua stands for
// the virtual machine that our own programs run on. For each of them there is a
// figure that says how often we compile while it does so once.
func BenchmarkCompile(b *testing.B) {
	for _, program := range []struct {
		name string
		text func(edit string) string
	}{
		{"10-jobs", func(edit string) string { return manyJobs(10, edit) }},
		{"100-jobs", func(edit string) string { return manyJobs(100, edit) }},
		{"1000-jobs", func(edit string) string { return manyJobs(1000, edit) }},
		{"5000-lines", func(edit string) string { return manyLines(5000, edit) }},
	} {
		texts := []string{program.text("x"), program.text("xy"), program.text("xyz")}
		peers := measurePeers(b, texts[0])
		b.Run(program.name+"/cold", func(b *testing.B) {
			report(b, compileAll(b, texts[:1], nil), peers)
		})
		b.Run(program.name+"/keystroke", func(b *testing.B) {
			report(b, compileAll(b, texts, new(fennel.Cache)), peers)
		})
	}
}

// compileAll compiles the texts in turn and returns the shortest time for one.
func compileAll(b *testing.B, texts []string, cache *fennel.Cache) time.Duration {
	b.ReportAllocs()
	b.SetBytes(int64(len(texts[0])))
	compile := func(text string) {
		m := fennel.Compile(syntax.Read(source.NewFile("ci.fnl", text)), options(cache))
		if m.Diagnostics.HasErrors() {
			b.Fatal(showDiagnostics(m))
		}
	}
	for _, text := range texts {
		compile(text)
	}
	best, i := time.Hour, 0
	for b.Loop() {
		start := time.Now()
		compile(texts[i%len(texts)])
		best = min(best, time.Since(start))
		i++
	}
	return best
}

// report adds the shortest times in milliseconds, ours and those of the peers,
// and theirs as multiples of ours. The shortest of a few is what other work on
// the machine disturbs least.
func report(b *testing.B, best time.Duration, peers []peer) {
	b.ReportMetric(best.Seconds()*1e3, "best-ms")
	for _, p := range peers {
		b.ReportMetric(p.best.Seconds()*1e3, p.vm+"-ms")
		b.ReportMetric(float64(p.best)/float64(best), "times-"+p.vm)
	}
}

// A peer is the reference on one virtual machine, and the shortest time that it
// took to compile a program.
type peer struct {
	vm   string
	best time.Duration
}

// measurePeers returns the peers that the environment names.
func measurePeers(b *testing.B, text string) []peer {
	compiler := os.Getenv("FENNEL_LUA")
	if compiler == "" {
		return nil
	}
	var peers []peer
	for vm := range strings.SplitSeq(cmp.Or(os.Getenv("FENNEL_LUA_VM"), "luajit"), ",") {
		measure := interpreterTime
		if vm == "gopher-lua" {
			measure = gopherTime
		}
		peers = append(peers, peer{path.Base(vm), measure(b, vm, compiler, text)})
	}
	return peers
}

func interpreterTime(b *testing.B, vm, compiler, text string) time.Duration {
	const times = 10
	cmd := exec.Command(vm, "testdata/measure.lua", compiler, strconv.Itoa(times))
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", vm, err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(seconds * 1e9)
}

// gopherTime measures the reference in this process.
func gopherTime(b *testing.B, _, compiler, text string) time.Duration {
	L := lua.NewState(lua.Options{CallStackSize: 2000, RegistrySize: 1 << 20})
	defer L.Close()
	// The reference calls the iterator of string.gmatch by hand.
	err := L.DoString(`
		local gmatch = string.gmatch
		function string.gmatch(text, pattern)
			local iterate, state, control = gmatch(text, pattern)
			return function() return iterate(state, control) end
		end`)
	if err != nil {
		b.Fatal(err)
	}
	reference, err := L.LoadFile(compiler)
	if err != nil {
		b.Fatal(err)
	}
	call := func(fn lua.LValue, args ...lua.LValue) lua.LValue {
		if err := L.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, args...); err != nil {
			b.Fatal(err)
		}
		defer L.Pop(1)
		return L.Get(-1)
	}
	compile := L.GetField(call(reference), "compileString")
	options := L.NewTable()
	options.RawSetString("filename", lua.LString("ci.fnl"))
	options.RawSetString("allowedGlobals", lua.LFalse)
	const times, enough = 10, 5 * time.Second
	best, begin := time.Hour, time.Now()
	for i := 0; i < times && time.Since(begin) < enough; i++ {
		start := time.Now()
		call(compile, lua.LString(text), options)
		best = min(best, time.Since(start))
	}
	return best
}

// BenchmarkStart starts a program of ten lines from nothing: a new state, its
// compilation, and its run.
func BenchmarkStart(b *testing.B) {
	text := `(local names [:build :test])
(fn shout [s]
  (.. (string.upper s) "!"))
(fn greet [{: name : times}]
  (for [i 1 times]
    (print (shout name) i)))
(each [_ name (ipairs names)]
  (when (not= name "")
    (greet {: name :times 2})))
(length names)
`
	b.ReportAllocs()
	for b.Loop() {
		p := fennel.NewProgram(sandbox.Options{Limits: testLimits, Print: func(string) {}})
		m := fennel.Compile(read(text), options(nil))
		if m.Diagnostics.HasErrors() {
			b.Fatal(showDiagnostics(m))
		}
		v, err := p.State.Call(context.Background(), p.State.L, p.Function(m))
		if err != nil || len(v) != 1 || v[0] != lua.LNumber(2) {
			b.Fatal(v, err)
		}
		p.State.Close()
	}
}
