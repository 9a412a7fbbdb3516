package main

import (
	"strings"
	"testing"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// failed waits for a number of failures among the diagnostics, and returns the
// text that each underlines with its first line.
func (c *client) failed(u uri.URI, text string, n int) (found []string) {
	c.t.Helper()
	file := source.NewFile("", text)
	c.wait("diagnostics of failures", func() bool {
		found = nil
		p := c.diagnostics[u]
		if p == nil {
			return false
		}
		for _, d := range p.Diagnostics {
			if d.Code == protocol.String(diag.RunFailed) {
				message, _, _ := strings.Cut(string(d.Message.(protocol.String)), "\n")
				found = append(found, file.Slice(utf8.span(file, d.Range))+": "+message)
			}
		}
		return len(found) == n
	})
	return found
}

const failingJobs = `(local {: job} (require :quire.ci))
(fn check [{: sh}]
  (assert (= 0 (. (sh "exit 4") :exit)) "checked"))
(job :inside [:quire/push] (fn [{: sh}]
  (assert (= 0 (. (sh "seq 1 20; exit 3") :exit)) "it is broken")))
(job :raised [:quire/push] (fn [{: sh}]
  (let [r (sh "exit 2")]
    (when (not= r.exit 0) (error "it is 2")))))
(job :helped [:quire/push] check)
(job :called [:quire/push] (fn [runtime] (check runtime)))
(job :missing [:quire/push] (fn [{: sh}] (sh ["no-such-program"])))
`

// What failed is shown where it did, until it passes or is changed.
func TestFailures(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", failingJobs)
	for _, id := range []string{"inside", "raised", "helped", "called", "missing"} {
		c.values(c.run(u, id))
	}
	want := []string{
		`(sh "seq 1 20; exit 3"): job 'inside' failed: it is broken`,
		`(error "it is 2"): job 'raised' failed: it is 2`,
		`(sh "exit 4"): job 'helped' failed: checked`,
		`(sh "exit 4"): job 'called' failed: checked`,
		`(sh ["no-such-program"]): job 'missing' failed: `,
	}
	got := c.failed(u, failingJobs, 5)
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Errorf("failures: %q, want %q", got, want)
			break
		}
	}
	c.look(func() {
		for _, d := range c.diagnostics[u].Diagnostics {
			source, _ := d.Source.Get()
			if message := string(d.Message.(protocol.String)); d.Code == protocol.String(diag.RunFailed) && strings.Contains(message, "'inside'") {
				equal(t, "source", source, "quire run")
				equal(t, "severity", d.Severity, protocol.DiagnosticSeverityError)
				if !strings.HasSuffix(message, " exited with 3:\n  11\n  12\n  13\n  14\n  15\n  16\n  17\n  18\n  19\n  20") {
					t.Errorf("message: %q", message)
				}
				equal(t, "related places", len(d.RelatedInformation), 0)
			} else if strings.Contains(message, "'raised'") {
				equal(t, "related places of what was raised", len(d.RelatedInformation), 1)
			}
		}
	})

	// A later session knows it too, and it moves with the text.
	later := start(t, everything)
	text := ";; 𝄞 more\n" + strings.Replace(failingJobs, "(job :raised", ";; more\n(job :raised", 1)
	equal(t, "failures in a text with more lines", later.failed(later.openIn(root, ".quire/ci.fnl", text), text, 5), got)

	// What is called is only found where it is known not to have changed.
	text = strings.Replace(failingJobs, `"checked"`, `"all checked"`, 1) + "\n;; more\n"
	c.change(u, 2, text)
	got = c.failed(u, text, 4)
	equal(t, "job that calls what changed", got[2], ":called: job 'called' failed: checked")

	text = strings.Replace(failingJobs, `(error "it is 2")`, `(error "it is two")`, 1)
	c.change(u, 3, text)
	equal(t, "failures after an edit of one", len(c.failed(u, text, 4)), 4)
	c.change(u, 4, failingJobs)
	c.failed(u, failingJobs, 5)

	text = strings.Replace(failingJobs, "seq 1 20; exit 3", "exit 0", 1)
	c.change(u, 5, text)
	c.failed(u, text, 4)
	c.values(c.run(u, "inside"))
	c.change(u, 6, failingJobs)
	for _, f := range c.failed(u, failingJobs, 4) {
		if strings.Contains(f, "'inside'") {
			t.Errorf("a job that passes since: %s", f)
		}
	}
}

// A failure in a module is shown at the job, and leads to where it was.
func TestFailureInModule(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	c.openIn(root, ".quire/lib.fnl", "(fn build [{: sh}] (assert (= 0 (. (sh \"exit 5\") :exit))))\n{: build}\n")
	text := "(local {: job} (require :quire.ci))\n(local lib (require :lib))\n(job :a [:quire/push] (fn [r] (lib.build r)))\n"
	u := c.openIn(root, ".quire/ci.fnl", text)
	c.values(c.run(u))
	if got := c.failed(u, text, 1); !strings.HasPrefix(got[0], ":a: job 'a' failed: ") {
		t.Errorf("failure: %q", got)
	}
	c.look(func() {
		ds := c.diagnostics[u].Diagnostics
		related := ds[len(ds)-1].RelatedInformation
		if len(related) != 1 || !strings.HasSuffix(string(related[0].Location.URI), "/.quire/lib.fnl") || related[0].Location.Range.Start.Line != 0 {
			t.Errorf("related: %+v", related)
		}
	})
}

// TestFailureExamples runs the examples of the code.
func TestFailureExamples(t *testing.T) {
	root := workspace(t)
	example := diag.RunFailed.Entry()
	c := start(t, everything)
	u := c.openIn(root, pipeline.Path, example.Bad)
	c.values(c.run(u))
	c.failed(u, example.Bad, 1)
	c.change(u, 2, example.Good)
	c.values(c.run(u))
	c.failed(u, example.Good, 0)
	equal(t, "codes of the good example", codes(c.published(u, 2)), []string{})
}

// Where a place is now that was in another text.
func TestMoved(t *testing.T) {
	const call = "(job :a [] (fn [] (boom)))"
	for _, test := range []struct{ was, is, at, want string }{
		{call, call, "(boom)", "(boom)"},
		{call, "xx " + call + " yy", "(boom)", "(boom)"},
		{call + call, call + " " + call, "(boom)", "(boom)"},
		{"(fn f [] (help)) " + call, "zz (fn f [] (help)) " + call + " yy", "(help)", "(help)"},
		{"(fn f [] (help)) " + call, "(fn f [] (help me)) " + call, "(help)", ""},
	} {
		was, is := source.NewFile("f", test.was), source.NewFile("f", test.is)
		start := strings.Index(test.is, call)
		job := &pipeline.Job{Call: source.Place{File: is, Span: source.Span{Start: start, End: start + len(call)}}}
		at := strings.Index(test.was, test.at)
		place := source.Place{File: was, Span: source.Span{Start: at, End: at + len(test.at)}}
		failure := &exec.Failure{Diagnostic: diag.Diagnostic{File: was, Span: place.Span}}
		ran := resultsOf(&exec.Report{Jobs: []exec.JobReport{{Outcome: exec.Failed, Text: "x", Started: time.Now(), Failure: failure}}})[0]
		span, ok := ran.moved(place, is, job)
		if got := is.Slice(span); ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%q in %q: %q, %v in %q", test.at, test.was, got, ok, test.is)
		}
	}
}
