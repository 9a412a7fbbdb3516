package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/source"
)

// BenchmarkEditor measures what an editor asks about a pipeline of 400 jobs:
// first of a new version, which finds out what the names mean, and then again.
func BenchmarkEditor(b *testing.B) {
	var text strings.Builder
	text.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range 400 {
		input := ":quire/push"
		if i > 0 {
			input = fmt.Sprintf(":job-%d", i-1)
		}
		fmt.Fprintf(&text, "(job :job-%d [%s]\n  (fn [{: sh : jobs}]\n    (let [push (jobs :quire/push)]\n      (sh [:echo push.sha] {:cwd \"x\"}))))\n", i, input)
	}
	at := strings.Index(text.String(), "[:job-199")
	first := func(name string, ask func(*analysis.Snapshot)) {
		b.Run("first "+name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := load(text.String(), nil)
				s.Diagnostics()
				b.StartTimer()
				ask(s)
			}
		})
	}
	first("hover", func(s *analysis.Snapshot) { s.Hover(at+3, analysis.HoverOptions{}) })
	first("tokens", func(s *analysis.Snapshot) { s.Tokens() })
	first("outline", func(s *analysis.Snapshot) { s.Outline() })
	s := load(text.String(), nil)
	for name, ask := range map[string]func(){
		"hover":      func() { s.Hover(at+3, analysis.HoverOptions{}) },
		"references": func() { s.References(at + 3) },
		"completion": func() { s.Complete(at + 1) },
		"outline":    func() { s.Outline() },
		"tokens":     func() { s.Tokens() },
		"folds":      func() { s.Folds() },
		"selections": func() { s.Selections(at + 3) },
		"signature":  func() { s.SignatureAt(at + 3) },
		"hints": func() {
			s.Hints(source.Span{End: text.Len()}, analysis.HintOptions{Order: true, Dependents: true, Parameters: true})
		},
		"links":      func() { s.Links() },
		"dependents": func() { s.Dependents("job-199") },
		"rename":     func() { _, _ = s.Rename(at+3, "x") },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ask()
			}
		})
	}
}
