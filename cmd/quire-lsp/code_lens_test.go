package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// lenses returns the titles of the lenses of a file by their lines, from 1.
func (c *client) lenses(u uri.URI) []string {
	c.t.Helper()
	var lenses []protocol.CodeLens
	c.call("textDocument/codeLens", &protocol.CodeLensParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &lenses)
	lines := make([]string, 0, len(lenses))
	last := uint32(0)
	for i, l := range lenses {
		title := times.ReplaceAllString(l.Command.Title, "N s")
		if i > 0 && l.Range.Start.Line == last {
			lines[len(lines)-1] += " | " + title
			continue
		}
		last = l.Range.Start.Line
		lines = append(lines, title)
	}
	return lines
}

var times = regexp.MustCompile(`\d+\.\d s`)

// lensCommand returns the command of the lens with a title that begins with a
// text.
func (c *client) lensCommand(u uri.URI, title string) protocol.Command {
	c.t.Helper()
	var lenses []protocol.CodeLens
	c.call("textDocument/codeLens", &protocol.CodeLensParams{TextDocument: protocol.TextDocumentIdentifier{URI: u}}, &lenses)
	for _, l := range lenses {
		if strings.HasPrefix(l.Command.Title, title) {
			return l.Command
		}
	}
	c.t.Fatalf("no lens %s", title)
	return protocol.Command{}
}

// execute executes a command that has to succeed.
func (c *client) execute(command string, argument any, result any) {
	c.t.Helper()
	c.call("workspace/executeCommand", &protocol.ExecuteCommandParams{
		Command: command, Arguments: []protocol.LSPAny{encode(argument)}}, result)
}

const lensed = `(local {: job} (require :quire.ci))
(job :one [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "exit 0") :exit)))))
(job :two [:one] (fn [{: sh}] (sh "exit 2") nil))
(job :three [:quire/push] (fn [] (error "it broke\nfor good")))
(job :four [:quire/push] (fn [] nil))
`

// The lenses tell how jobs went, until other text of a job has been run.
func TestLenses(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", lensed)
	equal(t, "lenses at first", c.lenses(u),
		[]string{"▶ run all", "▶ run", "▶ run | ▶ run only", "▶ run", "▶ run"})
	c.values(c.run(u, "two", "four"))
	c.values(c.run(u, "three"))
	after := []string{"▶ run all", "▶ run | ✓ N s", "▶ run | ▶ run only | ✓ (exit 2 ignored)", "▶ run | ✗ it broke", "▶ run | – skipped"}
	equal(t, "lenses after runs", c.lenses(u), after)

	// Whoever comes later knows it too.
	later := start(t, everything)
	equal(t, "lenses of a later session", later.lenses(later.openIn(root, ".quire/ci.fnl", lensed)), after)

	c.change(u, 2, strings.Replace(lensed, "exit 2", "exit 3", 1))
	after[2] = "▶ run | ▶ run only | ✓ (exit 2 ignored), edited since"
	equal(t, "lenses after an edit", c.lenses(u), after)

	// What is typed in one form takes nothing from the others.
	c.change(u, 3, strings.Replace(lensed, `(sh "exit 2") nil))`, `(sh "exit 2`, 1))
	got := c.lenses(u)
	equal(t, "lenses of the jobs before the one that is typed", got[:2], after[:2])
	c.change(u, 4, strings.Replace(lensed, `(error "it broke\nfor good")))`, `(error`, 1))
	got = c.lenses(u)
	equal(t, "number of lenses while the third job is typed", len(got), 5)
	equal(t, "lens of the job that is typed", got[3], "▶ run | ✗ it broke, edited since")
	c.change(u, 5, lensed+"(job :five [:one")
	got = c.lenses(u)
	equal(t, "lens of a job that does not end", got[len(got)-1], "▶ run | ▶ run only")

	// A lens on a result shows its log.
	command := c.lensCommand(u, "✓ (exit 2 ignored)")
	c.call("workspace/executeCommand", &protocol.ExecuteCommandParams{Command: command.Command, Arguments: command.Arguments}, nil)
	c.wait("the log", func() bool { return len(c.shown) > 0 && strings.Contains(c.shown[len(c.shown)-1].FsPath(), "two") })
}

// Actions do what lenses do, for clients without lenses.
func TestRunActions(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", lensed+"(each [_ id (ipairs [:x :y])]\n  (job id [:one] (fn [] nil)))\n")
	c.values(c.run(u, "one"))
	titles := func(line uint32) (titles []string) {
		var actions []protocol.CodeAction
		at := protocol.Position{Line: line, Character: 8}
		c.call("textDocument/codeAction", &protocol.CodeActionParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: u}, Range: protocol.Range{Start: at, End: at},
			Context: protocol.CodeActionContext{Only: []protocol.CodeActionKind{runKind}}}, &actions)
		for _, a := range actions {
			titles = append(titles, times.ReplaceAllString(a.Title, "N s"))
		}
		return titles
	}
	equal(t, "actions at a job", titles(1), []string{"▶ Run job 'one'", "Show the log of job 'one' (✓ N s)", "▶ Run all jobs"})
	equal(t, "actions at a loop", titles(6), []string{"▶ Run job 'x'", "▶ Run only job 'x'", "▶ Run job 'y'", "▶ Run only job 'y'", "▶ Run all jobs"})
	equal(t, "actions elsewhere", titles(0), []string{"▶ Run all jobs"})
	equal(t, "lenses of a loop", c.lenses(u)[5:], []string{"▶ run x | ▶ run only x | ▶ run y | ▶ run only y"})
}

// Hover and inlay hints tell it too, and a client hears that they have changed.
func TestResultsElsewhere(t *testing.T) {
	root := workspace(t)
	c := start(t, capable(`{"inlayHint": {"refreshSupport": true}}`, `{}`))
	u := c.openIn(root, ".quire/ci.fnl", lensed)
	c.values(c.run(u, "two", "four"))
	c.wait("a refresh", func() bool { return c.refreshed["workspace/inlayHint/refresh"] > 0 })
	timed := func() (jobs []bool) {
		var hints []protocol.InlayHint
		c.call("textDocument/inlayHint", &protocol.InlayHintParams{TextDocument: protocol.TextDocumentIdentifier{URI: u},
			Range: protocol.Range{End: protocol.Position{Line: 9}}}, &hints)
		for _, h := range hints {
			label, _ := h.Label.(protocol.String)
			jobs = append(jobs, regexp.MustCompile(`· \d.* m?s$`).MatchString(string(label)))
		}
		return jobs
	}
	equal(t, "jobs whose hint has a time", timed(), []bool{true, true, false, false})
	hover := func() string {
		var hover protocol.Hover
		c.call("textDocument/hover", &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: u}, Position: protocol.Position{Line: 2, Character: 7}}}, &hover)
		return hover.Contents.(*protocol.MarkupContent).Value
	}
	if text := hover(); !strings.Contains(text, "Last result: `✓ (exit 2 ignored) (20") {
		t.Errorf("hover: %s", text)
	}
	c.change(u, 2, strings.Replace(lensed, "exit 2", "exit 3", 1))
	if text := hover(); !strings.Contains(text, "Last result: `✓ (exit 2 ignored), edited since (20") {
		t.Errorf("hover after an edit: %s", text)
	}
	equal(t, "jobs whose hint has a time after an edit", timed(), []bool{true, false, false, false})
}

// A run in another program is shown by its results.
func TestLensesOfOtherRuns(t *testing.T) {
	root := workspace(t)
	bin := build(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", lensed)
	c.lenses(u)
	cmd := exec.Command(filepath.Join(bin, "quire"), "ci", "run", "three")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the job succeeded:\n%s", out)
	}
	equal(t, "lens", c.lenses(u)[3], "▶ run | ✗ it broke")
	c.wait("the diagnostic of the failure", func() bool {
		p := c.diagnostics[u]
		return p != nil && len(p.Diagnostics) > 0 && codes(p.Diagnostics[len(p.Diagnostics)-1:])[0] == "run-failed"
	})
}

// While a run is at work on a job, its lens cancels it.
func TestCancelLens(t *testing.T) {
	root := workspace(t)
	caps := strings.Replace(everything, `"window"`, `"workspace": {"codeLens": {"refreshSupport": true}}, "window"`, 1)
	c := start(t, caps)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :first [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "true") :exit)))))
(job :long [:first] (fn [{: sh}] (sh "trap 'exit 1' TERM; echo started; while :; do sleep 0.01; done")))
(job :last [:long] (fn [] nil))
`)
	runID := c.run(u, "last")
	c.wait("the command", func() bool {
		for _, p := range c.progress {
			if p.Value.Message == "long: started" {
				return true
			}
		}
		return false
	})
	equal(t, "lenses while it runs", c.lenses(u), []string{"▶ run all | ■ cancel", "▶ run", "■ cancel", "■ cancel"})
	c.wait("a refresh", func() bool { return c.refreshed["workspace/codeLens/refresh"] > 0 })
	command := c.lensCommand(u, "■ cancel")
	c.call("workspace/executeCommand", &protocol.ExecuteCommandParams{Command: command.Command, Arguments: command.Arguments}, nil)
	values := c.values(runID)
	equal(t, "end", values[len(values)-1].Value.Message, "cancelled")
	equal(t, "what is said before", values[len(values)-2].Value.Message, "cancelling")
	equal(t, "lenses afterwards", c.lenses(u), []string{"▶ run all", "▶ run | ✓ N s", "▶ run | ▶ run only", "▶ run | ▶ run only"})
	if err := c.try("workspace/executeCommand", json.RawMessage(`{"command": "quire.cancel", "arguments": [{"uri": "`+string(u)+`"}]}`), nil); err == nil {
		t.Error("there was still a run to cancel")
	}
}

// A symbolic link, a file without a repository and the like have lenses too.
func TestLensesWithoutRepository(t *testing.T) {
	workspace(t)
	c := start(t, everything)
	real, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	u := c.openIn(link, ".quire/ci.fnl", lensed)
	c.values(c.run(u, "four"))
	equal(t, "lens", c.lenses(u)[4], "▶ run | – skipped")
}
