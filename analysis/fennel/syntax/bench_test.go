package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

func BenchmarkRead(b *testing.B) {
	for _, jobs := range []int{10, 100, 1000} {
		good := pipeline(jobs)
		for name, text := range map[string]string{
			"good":       good,
			"one fault":  strings.Replace(good, "[:quire/push]", "[:quire/push", 1),
			"open quote": strings.Replace(good, `"make`, `make`, 1),
		} {
			b.Run(fmt.Sprintf("%d jobs, %s", jobs, name), func(b *testing.B) {
				f := source.NewFile(".quire/ci.fnl", text)
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					syntax.Read(f)
				}
			})
		}
	}
}

// pipeline returns a pipeline of some jobs, each of six lines.
func pipeline(jobs int) string {
	var b strings.Builder
	b.WriteString("(local ci (require :quire.ci))\n")
	for i := range jobs {
		fmt.Fprintf(&b, `
;; The job number %d.
(ci.job "build-%d" [:quire/push]
  (fn [{: sh : jobs}]
    (let [result (sh ["make" "build-%d"] {:env {:CI "1"} :timeout 90})]
      (when (not= result.exit 0) (error (.. "exit " result.exit)))
      {:status result.exit :attempt (+ %d 1)})))
`, i, i, i, i)
	}
	return b.String()
}

func BenchmarkFormat(b *testing.B) {
	neat := pipeline(4000)
	for name, text := range map[string]string{
		"neat":      neat,
		"flush":     strings.ReplaceAll(neat, "\n ", "\n"),
		"scattered": strings.ReplaceAll(neat, " ", "  "),
	} {
		b.Run(name, func(b *testing.B) {
			t := syntax.Read(source.NewFile(".quire/ci.fnl", text))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				syntax.Format(t)
			}
		})
	}
}
