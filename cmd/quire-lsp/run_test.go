package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// workspace returns a directory for a pipeline, with the run store beside it.
func workspace(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	t.Setenv("XDG_STATE_HOME", filepath.Join(base, "state"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(base, "config"))
	return filepath.Join(base, "repo")
}

// run runs jobs of a buffer and returns the id of the run.
func (c *client) run(u uri.URI, jobs ...string) string {
	c.t.Helper()
	var result runResult
	c.call("workspace/executeCommand", &protocol.ExecuteCommandParams{
		Command: cmdRun, Arguments: []protocol.LSPAny{encode(runArgs{URI: u, Jobs: jobs})},
	}, &result)
	if result.RunID == "" {
		c.t.Fatal("the run has no id")
	}
	return result.RunID
}

// values waits for the end of the progress of a run and returns all of it.
func (c *client) values(runID string) (values []progressValue) {
	c.t.Helper()
	c.wait("the end of a run", func() bool {
		values = nil
		for _, p := range c.progress {
			if p.Token == runID {
				values = append(values, p)
			}
		}
		return len(values) > 0 && values[len(values)-1].Value.Kind == "end"
	})
	return values
}

func TestRunShowsProgress(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo saved")))
(job :b [:a] (fn [{: sh}] (sh "true")))
`)
	// What runs is the buffer, not the file.
	c.change(u, 2, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo unsaved > out")))
(job :b [:a] (fn [{: sh}] (assert (= "unsaved\n" (. (sh "cat out") :stdout)))))
`)
	values := c.values(c.run(u, "b"))
	first, last := values[0].Value, values[len(values)-1].Value
	equal(t, "title", first.Title, "quire: b")
	equal(t, "begin", first.Message, "running the unsaved text of .quire/ci.fnl")
	equal(t, "cancellable", first.Cancellable, true)
	if !strings.HasPrefix(last.Message, "✓ 2 jobs in ") {
		t.Errorf("end: %q", last.Message)
	}
	percentage := 0
	for _, v := range values[:len(values)-1] {
		if p := *v.Value.Percentage; p < percentage || p > 100 {
			t.Errorf("percentage %d follows %d", p, percentage)
		} else {
			percentage = p
		}
	}
}

// Whether a text is saved is said where it matters, and only there.
func TestRunSaysWhatIsUnsaved(t *testing.T) {
	root := workspace(t)
	text := "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] nil))\n"
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", text)
	equal(t, "begin of what is saved", c.values(c.run(u))[0].Value.Message, "loading")
	simple := start(t, "{}")
	simple.openIn(root, ".quire/ci.fnl", text)
	simple.change(u, 2, text+" ")
	simple.run(u)
	simple.wait("the message", func() bool { return len(simple.messages) == 1 })
	m := times.ReplaceAllString(simple.said(0), "N s")
	equal(t, "message without progress", m, "quire: ✓ 1 job in N s (of the unsaved text of .quire/ci.fnl)")
}

// A failure is said at the end, and its log is opened.
func TestRunFails(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "echo the reason; exit 3") (error "it broke")))
`)
	runID := c.run(u)
	values := c.values(runID)
	if end := values[len(values)-1].Value.Message; !strings.HasPrefix(end, "✗ a: ") || !strings.Contains(end, "it broke") {
		t.Errorf("end: %q", end)
	}
	c.wait("the log", func() bool { return len(c.shown) == 1 })
	text, err := os.ReadFile(c.shown[0].FsPath())
	if err != nil || !strings.Contains(string(text), "the reason") {
		t.Errorf("the log that is shown: %q, %v", text, err)
	}
	c.wait("the message", func() bool { return len(c.messages) == 1 })

	c.call("workspace/executeCommand", json.RawMessage(
		fmt.Sprintf(`{"command": "quire.showLog", "arguments": [{"runId": %q, "job": "a"}]}`, runID)), nil)
	c.wait("the log again", func() bool { return len(c.shown) == 2 })
	equal(t, "log by name", c.shown[1], c.shown[0])
}

// A pipeline with errors does not run, and says why.
func TestRunIsRefused(t *testing.T) {
	root := workspace(t)
	c := start(t, `{}`)
	u := c.openIn(root, ".quire/ci.fnl", broken)
	c.run(u)
	c.wait("the message", func() bool { return len(c.messages) == 1 })
	if m := c.messages[0]; m.Type != protocol.MessageTypeError || !strings.Contains(m.Message, "Cycle detected") {
		t.Errorf("message: %+v", m)
	}
	v := c.openIn(root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] nil))\n")
	c.run(v, "nope")
	c.wait("another message", func() bool { return len(c.messages) == 2 })
	if m := c.messages[1].Message; !strings.Contains(m, "nope") {
		t.Errorf("message: %q", m)
	}
}

// Options that cannot be meant are refused before anything starts.
func TestRunOptionsAreRefused(t *testing.T) {
	root := workspace(t)
	c := start(t, `{}`)
	u := c.openIn(root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] nil))\n")
	for want, options := range map[string]runOptions{
		`timeout: expected a time such as 90s or 10m, got "soon"`: {Timeout: "soon"},
		"the timeout is -1s":                     {Timeout: "-1s"},
		"-2 jobs cannot run at once":             {Parallel: -2},
		"cannot read the inputs: /nowhere.json:": {Inputs: "/nowhere.json"},
	} {
		params := &protocol.ExecuteCommandParams{Command: cmdRun,
			Arguments: []protocol.LSPAny{encode(runArgs{URI: u, Options: options})}}
		var result runResult
		if err := c.try("workspace/executeCommand", params, &result); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", options, err, want)
		}
	}
}
