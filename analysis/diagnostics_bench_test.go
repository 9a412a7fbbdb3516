package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// thousand returns a pipeline of 1,000 jobs, of which the given number have
// several mistakes.
func thousand(wrong int) string {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n(fn must [sh command] (assert (= 0 (. (sh command) :exit)) command))\n")
	for i := range 1000 {
		input, option := ":quire/push", ":cwd"
		if i > 0 {
			input = fmt.Sprintf(":job-%d", i/2)
		}
		if i < wrong {
			option = ":cwdir"
		}
		fmt.Fprintf(&b, `(job :job-%d [%s]
  (fn [{: sh : jobs : log}]
    (let [push (jobs :quire/push)
          {: exit : stdout} (sh ["make" "target-%d" push.sha] {%s "src" :env {:N "%d"}})]
      (when (not= exit 0) (error stdout))
      (must sh "make install")
      (log push.branch)
      {:n %d})))
`, i, input, i, option, i, i)
	}
	return strings.Replace(b.String(), "[:job-0]", "[:quire/push]", 1)
}

// mistaken returns a pipeline of 1,000 jobs with n mistakes in each: options
// that do not exist, and locals that nothing uses.
func mistaken(n int) string {
	body := strings.Repeat("\n    (sh \"make\" {:cwdir \"src\"}) (let [unneeded 1] nil)", n/2)
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "(job :job-%d [:quire/push]\n  (fn [{: sh}]%s\n    {}))\n", i, body)
	}
	return b.String()
}

// shownOf is how many are shown where there are more warnings and more hints than
// that: as many of each as there is room for, and how many there are besides.
const shownOf = 2 * (diag.Most + 1)

// TestManyFindings checks that of very many findings as many are shown as a file
// may have, and that each is told to the job that it is about.
func TestManyFindings(t *testing.T) {
	s := analysis.New(source.NewFile(pipeline.Path, mistaken(10)), analysis.Options{})
	if got := len(s.Diagnostics()); got != shownOf {
		t.Errorf("there are %d findings", got)
	}
	if got := len(s.FindingsOf("job-7", "job-900")); got != 20 {
		t.Errorf("two jobs have %d findings", got)
	}
}

// BenchmarkManyFindings measures a file in which very much is wrong.
func BenchmarkManyFindings(b *testing.B) {
	for _, each := range []int{10, 100} {
		text := mistaken(each)
		b.Run(fmt.Sprint(1000*each), func(b *testing.B) {
			for b.Loop() {
				s := analysis.New(source.NewFile(pipeline.Path, text), analysis.Options{})
				if got := len(s.Diagnostics()); got != shownOf {
					b.Fatalf("there are %d findings", got)
				}
			}
		})
	}
}

// BenchmarkDiagnostics measures everything that an editor waits for after a
// change, of a file that is new and of one of which one form has changed.
func BenchmarkDiagnostics(b *testing.B) {
	for _, wrong := range []int{0, 50} {
		text := thousand(wrong)
		for _, warm := range []bool{false, true} {
			b.Run(fmt.Sprintf("wrong=%d/warm=%v", wrong, warm), func(b *testing.B) {
				var cache *fennel.Cache
				if warm {
					cache = new(fennel.Cache)
				}
				for i := 0; b.Loop(); i++ {
					changed := strings.Replace(text, "make install", fmt.Sprintf("make install-%d", i), 1)
					s := analysis.New(source.NewFile(pipeline.Path, changed), analysis.Options{Cache: cache})
					if got := len(s.Diagnostics()); got != wrong {
						b.Fatalf("%d diagnostics: %v", got, s.Diagnostics()[:min(got, 3)])
					}
				}
			})
		}
	}
}

// BenchmarkChecks measures the static checks alone.
func BenchmarkChecks(b *testing.B) {
	for _, wrong := range []int{0, 50} {
		text := thousand(wrong)
		b.Run(fmt.Sprintf("wrong=%d", wrong), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := analysis.New(source.NewFile(pipeline.Path, text), analysis.Options{})
				s.Graph()
				b.StartTimer()
				s.Findings()
			}
		})
	}
}
