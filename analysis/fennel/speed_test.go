package fennel_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
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
// or what FENNEL_LUA_VM names first, and times-reference says how often we
// compile while it does so once.
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
		reference := referenceTime(b, texts[0])
		b.Run(program.name+"/cold", func(b *testing.B) {
			report(b, compileAll(b, texts[:1], nil), reference)
		})
		b.Run(program.name+"/keystroke", func(b *testing.B) {
			report(b, compileAll(b, texts, new(fennel.Cache)), reference)
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

// report adds the shortest times in milliseconds, here and, if it is known, of
// the reference, and the one as a multiple of the other. The shortest of a few
// is what other work on the machine disturbs least.
func report(b *testing.B, best, reference time.Duration) {
	b.ReportMetric(best.Seconds()*1e3, "best-ms")
	if reference > 0 {
		b.ReportMetric(reference.Seconds()*1e3, "reference-ms")
		b.ReportMetric(float64(reference)/float64(best), "times-reference")
	}
}

// referenceTime returns the shortest time that the reference takes, or 0
// without one.
func referenceTime(b *testing.B, text string) time.Duration {
	compiler := os.Getenv("FENNEL_LUA")
	if compiler == "" {
		return 0
	}
	vm, _, _ := strings.Cut(cmp.Or(os.Getenv("FENNEL_LUA_VM"), "luajit"), ",")
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
