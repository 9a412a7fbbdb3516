package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec"
)

// manyJobs is a pipeline of n jobs, of which each needs the one before it.
func manyJobs(n int) string {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range n {
		need := "quire/push"
		if i > 0 {
			need = fmt.Sprintf("j%d", i-1)
		}
		fmt.Fprintf(&b, "(job :j%d [:%s]\n  (fn [{: log}]\n    (log \"this is job %d\")\n    (error \"it fails\")))\n", i, need, i)
	}
	return b.String()
}

// BenchmarkRunning measures what an editor asks of runs with each keystroke: the
// lenses, and the diagnostics of failures, of 400 jobs that all failed and a
// store with 50 runs.
func BenchmarkRunning(b *testing.B) {
	base := b.TempDir()
	b.Setenv("XDG_STATE_HOME", filepath.Join(base, "state"))
	b.Setenv("XDG_CONFIG_HOME", filepath.Join(base, "config"))
	root := filepath.Join(base, "repo")
	path := filepath.Join(root, ".quire", "ci.fnl")
	text := manyJobs(400)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	for i := range 50 {
		request, err := exec.Local(root, exec.Options{Only: []string{fmt.Sprintf("j%d", i)}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := exec.Run(context.Background(), request); err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	s := &server{stderr: io.Discard, ctx: ctx}
	s.documents.init()
	s.initRunning()
	doc := s.newDocument(uri.File(path), 1, text, nil)
	s.documents.put(doc)
	all := &exec.Report{ID: "f", Outcome: exec.Failed}
	for _, job := range doc.snapshot.Graph().Jobs {
		r := exec.JobReport{ID: job.ID, Text: exec.JobText(job), Outcome: exec.Failed, Failure: &exec.Failure{}}
		r.Started, r.Finished = r.Started.Add(1), r.Started.Add(2)
		r.Failure.Diagnostic.File, r.Failure.Diagnostic.Span, r.Failure.Diagnostic.Message = doc.file, job.Run.Span, "it fails"
		all.Jobs = append(all.Jobs, r)
	}
	s.results.of(root).first.Do(func() {})
	s.results.add(root, all)
	edited := s.newDocument(doc.uri, 2, ";; more\n"+text, doc)
	edited.snapshot.Diagnostics()

	b.Run("lenses", func(b *testing.B) {
		for b.Loop() {
			lenses, err := s.CodeLens(ctx, &protocol.CodeLensParams{TextDocument: protocol.TextDocumentIdentifier{URI: doc.uri}})
			if err != nil || len(lenses) != 3*400 {
				b.Fatal(len(lenses), err)
			}
		}
	})
	b.Run("failures", func(b *testing.B) {
		for b.Loop() {
			if n := len(s.failures(edited, edited.snapshot.Graph())); n != 400 {
				b.Fatal(n)
			}
		}
	})
}
