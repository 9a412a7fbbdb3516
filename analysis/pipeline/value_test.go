package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestEvaluate evaluates files to data, or to what is wrong with them: the text
// at the place and the message.
func TestEvaluate(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nested tables", `{:global {:name "x" :on true} :n 2.5}`, `{"global":{"name":"x","on":true},"n":2.5}`},
		{"lists", `{:refs ["refs/heads/main" :refs/heads/x] :jobs [[:a] [:b 1]]}`, `{"jobs":[["a"],["b",1]],"refs":["refs/heads/main","refs/heads/x"]}`},
		{"computed", "(local base {:a 1})\n(set base.b (+ base.a 1))\nbase", `{"a":1,"b":2}`},
		{"the last form counts", "{:a 1}\n{:b 2}", `{"b":2}`},
		{"empty", "", "nothing"},
		{"white space", " \n\t\r\n", "nothing"},
		{"comment", "; {:a 1}", "nothing"},
		{"nil", "nil", "nothing"},
		{"syntax", "\n{:bad {:}", "\"{\" expected closing delimiter }\n\"}\" expected even number of values in table literal"},
		{"unknown name", "\n{:a no-such}", `"no-such" unknown identifier: no-such`},
		{"compile", "(local x 1)\n(set x 2)", `"x" expected var x`},
		{"raised", "\n(error \"boom\")", `"(error \"boom\")" boom`},
		{"raised without a place", "\n(error \"boom\" 0)", `"(error \"boom\" 0)" boom`},
		{"raised with somebody's place", "(error \"x.fnl:9:12: boom\")", `"(error \"x.fnl:9:12: boom\")" x.fnl:9:12: boom`},
		{"nil is indexed", "(local x nil)\n{:a x.y}", `"x.y" attempt to index a nil value (local 'x')`},
		{"no modules", "(require :quire.ci)", `"require" unknown identifier: require`},
	}
	// The place of an error is never taken from its text, so the name may look
	// like one.
	for _, name := range []string{"config.fnl", "HEAD:.quire/config.fnl", "a:9:12: b.fnl", "%s"} {
		for _, tt := range tests {
			f := source.NewFile(name, tt.text)
			v, found := pipeline.Evaluate(context.Background(), f, pipeline.DefaultLimits())
			var got []string
			for _, d := range found {
				if d.File != f {
					t.Errorf("%s, %s: the error is in %s", name, tt.name, d.File.Name())
				}
				got = append(got, fmt.Sprintf("%q %s", f.Slice(d.Span), d.Message))
			}
			if v.Data != nil {
				text, bad, ok := v.Data.JSON()
				if !ok {
					t.Errorf("%s, %s: no plain data at %s", name, tt.name, bad)
				}
				got = append(got, string(text))
			}
			if len(got) == 0 {
				got = []string{"nothing"}
			}
			if text := strings.Join(got, "\n"); text != tt.want {
				t.Errorf("%s, %s: got\n%s\nwant\n%s", name, tt.name, text, tt.want)
			}
		}
	}
}
