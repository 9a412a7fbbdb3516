package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// BenchmarkLoad loads a file of many jobs after one of them was edited.
func BenchmarkLoad(b *testing.B) {
	for _, jobs := range []int{100, 1000} {
		b.Run(fmt.Sprint(jobs), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("(local ci (require :quire.ci))\n")
			for i := range jobs {
				needs := ""
				if i > 0 {
					needs = fmt.Sprintf(" :job%d", i/2)
				}
				fmt.Fprintf(&text, "(ci.job :job%d [:quire/push%s]\n  (fn [{: sh}]\n    (let [r (sh [\"make\" \"t%d\"])]\n      (when (not= 0 r.exit)\n        (error r.stderr)))))\n\n", i, needs, i)
			}
			cache := new(fennel.Cache)
			l := pipeline.DefaultLimits()
			for i := 0; b.Loop(); i++ {
				f := source.NewFile(pipeline.Path, text.String()+fmt.Sprintf("(ci.job :last%d [:quire/push] #nil)\n", i))
				p, _ := pipeline.Load(context.Background(), pipeline.Compile(f, nil, cache, l), nil, nil, l)
				p.Close()
			}
		})
	}
}
