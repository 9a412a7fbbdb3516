package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

const chained = `(local {: job} (require :quire.ci))
(job :one [:quire/push] (fn [{: sh}] (sh "echo one") {:n 1}))
(job :two [:one] (fn [{: sh : jobs}] (assert (= 1 (. (jobs :one) :n))) (sh ["echo" "two"]) nil))
`

// What an argument cannot mean is refused with a sentence that says what to do.
func TestArguments(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := string(c.openIn(root, ".quire/ci.fnl", chained))
	for _, test := range []struct{ command, arguments, want string }{
		{cmdRun, `[]`, "quire.run takes one JSON object, got 0 arguments"},
		{cmdRun, `[{"uri": "x"}, {}]`, "quire.run takes one JSON object, got 2 arguments"},
		{cmdRun, `["one"]`, "quire.run: expected an object, got string"},
		{cmdRun, `[{"uri": "` + u + `", "jobs": "one"}]`, "quire.run: jobs: expected a list, got string"},
		{cmdRun, `[{"uri": "` + u + `", "job": ["one"]}]`, `quire.run: unknown field "job"; did you mean "jobs"?`},
		{cmdRun, `[{"uri": "` + u + `", "options": {"paralel": 2}}]`, `quire.run: unknown field "paralel"; did you mean "parallel"?`},
		{cmdRun, `[{"uri": "` + u + `", "options": {"parallel": "2"}}]`, "quire.run: options.parallel: expected a whole number, got string"},
		{cmdRun, `[{"uri": "` + u + `", "only": 1}]`, "quire.run: only: expected true or false, got number"},
		{cmdRun, `[{}]`, `uri: "" is no file below a directory .quire`},
		{cmdRun, `[{"uri": "untitled:Untitled-1"}]`, `uri: "untitled:Untitled-1" is no file below a directory .quire`},
		{cmdDryRun, `[{"uri": "` + u + `", "options": {"sha": "nowhere"}}]`, "nowhere"},
		{cmdCancel, `[{}]`, "quire.cancel: give runId, or uri for all runs of its repository"},
		{cmdCancel, `[{"runId": "x"}]`, "no run 'x' is under way"},
		{cmdCancel, `[{"uri": "` + u + `"}]`, "is under way"},
		{cmdRerunLast, `[{"uri": "` + u + `"}]`, "there are no runs of this repository yet"},
		{cmdShowLog, `[{}]`, "quire.showLog: give runId, or uri for the last run of its repository"},
		{cmdShowLog, `[{"uri": "` + u + `", "job": "one"}]`, "the job 'one' has not been run"},
		{cmdShowLog, `[{"uri": "` + u + `"}]`, "there are no runs of this repository yet"},
		{cmdGraph, `[{"uri": "` + u + `", "format": "png"}]`, `format: expected text, mermaid, dot or svg, got "png"`},
		{cmdGraph, `[{"uri": "file:///nowhere"}]`, "is no ci.fnl that is open"},
		{"quire.nope", `[{}]`, "unknown command 'quire.nope'"},
	} {
		err := c.try("workspace/executeCommand", json.RawMessage(
			fmt.Sprintf(`{"command": %q, "arguments": %s}`, test.command, test.arguments)), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %s", test.command, test.arguments, err, test.want)
		}
	}
}

// Every command is offered and described.
func TestCommandsAreDescribed(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range commands() {
		if !strings.Contains(commandsHelp, "\n  "+command+" ") {
			t.Errorf("--help does not describe %s", command)
		}
		if !strings.Contains(string(readme), "`"+command+"`") {
			t.Errorf("the README does not describe %s", command)
		}
	}
	for _, n := range []string{notifyRunOutput, notifyRunStarted, notifyJobState, notifyRunFinished, notifyShStarted, notifyShFinished, notifyPipeline} {
		if !strings.Contains(commandsHelp, n) || !strings.Contains(string(readme), "`"+n+" {") {
			t.Errorf("--help or the README does not describe %s", n)
		}
	}
	fields := fieldNames(reflect.TypeFor[runArgs]())
	for _, name := range fields {
		if !strings.Contains(commandsHelp, name) {
			t.Errorf("--help does not have the field %s of quire.run", name)
		}
	}
}

// showed waits for the nth document that is shown, and returns its text.
func (c *client) showed(n int) (name, text string) {
	c.t.Helper()
	c.wait("a document", func() bool { return len(c.shown) >= n })
	path := ""
	c.look(func() { path = c.shown[n-1].FsPath() })
	content, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	return filepath.Base(path), string(content)
}

func TestDryRun(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", strings.Replace(chained, "(assert (= 1 (. (jobs :one) :n)))", "", 1))
	var result runResult
	c.execute(cmdDryRun, runArgs{URI: u, Jobs: []string{"two"}}, &result)
	if result.RunID == "" {
		t.Error("a dry run has no id")
	}
	name, text := c.showed(1)
	dir := ""
	c.look(func() { dir = filepath.Dir(c.shown[0].FsPath()) })
	equal(t, "name", name, "repo-plan.txt")
	equal(t, "plan", text, "one\n  $ echo one\n\ntwo\n  $ [\"echo\", \"two\"]\n")

	c.execute(cmdDryRun, runArgs{URI: u, Jobs: []string{"nope"}}, nil)
	c.wait("the message", func() bool { return len(c.messages) == 1 })
	equal(t, "message", c.said(0), `quire dry run: nope: ✗ unknown job: "nope"`)
	if stored, _ := filepath.Glob(filepath.Join(filepath.Dir(root), "state", "quire", "runs", "*", "by-id", "*")); len(stored) > 0 {
		t.Errorf("a dry run is stored: %v", stored)
	}
	c.call("shutdown", nil, nil)
	c.notify("exit", nil)
	c.exited()
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is left", dir)
	}
}

func TestGraph(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", chained)
	c.values(c.run(u, "one"))
	for i, test := range []struct{ format, name, want string }{
		{"", "repo-graph.txt", "quire/push\n└─ one"},
		{"mermaid", "repo-graph.mmd", "flowchart"},
		{"dot", "repo-graph.dot", "digraph"},
		{"svg", "repo-graph.svg", "<svg "},
	} {
		var result graphResult
		c.execute(cmdGraph, graphArgs{URI: u, Format: test.format}, &result)
		name, text := c.showed(i + 1)
		equal(t, "name of "+test.format, name, test.name)
		equal(t, "text that is shown as "+test.format, text, result.Text)
		if !strings.Contains(text, test.want) {
			t.Errorf("%s without %q:\n%s", test.format, test.want, text)
		}
	}
	var result graphResult
	c.execute(cmdGraph, graphArgs{URI: u, Format: "svg", Quiet: true}, &result)
	if !strings.Contains(result.Text, "✓ 0.") {
		t.Errorf("the picture does not say how the job went:\n%s", result.Text)
	}
}

// The last run is run again, whoever ran it.
func TestRerunLast(t *testing.T) {
	root := workspace(t)
	bin := build(t)
	text := chained + "(job :alone [:one] (fn [{: sh}] (sh \"true\") nil))\n"
	again := func(c *client, u uri.URI) string {
		var result runResult
		c.execute(cmdRerunLast, rerunArgs{URI: u}, &result)
		values := c.values(result.RunID)
		return values[0].Value.Title + " " + times.ReplaceAllString(values[len(values)-1].Value.Message, "N s")
	}
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", text)
	c.values(c.run(u, "two"))
	equal(t, "rerun in the session", again(c, u), "quire: two ✓ 2 jobs in N s")

	for _, test := range []struct{ args, want string }{
		{"two", "quire: one, two ✓ 2 jobs in N s"},
		{"--only alone", "quire: alone ✓ 1 job in N s"},
	} {
		cmd := exec.Command(filepath.Join(bin, "quire"), append([]string{"ci", "run"}, strings.Fields(test.args)...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		later := start(t, everything)
		equal(t, "rerun of "+test.args, again(later, later.openIn(root, ".quire/ci.fnl", text)), test.want)
	}
}

// Without a run or a job, the log is the one that somebody most likely wants.
func TestShowLog(t *testing.T) {
	root := workspace(t)
	c := start(t, everything)
	u := c.openIn(root, ".quire/ci.fnl", chained)
	id := c.run(u)
	c.values(id)
	for i, test := range []struct {
		args logArgs
		want string
	}{
		{logArgs{RunID: id}, "two"},
		{logArgs{RunID: id, Job: "one"}, "one"},
		{logArgs{URI: u}, "two"},
		{logArgs{URI: u, Job: "one"}, "one"},
	} {
		c.execute(cmdShowLog, test.args, nil)
		if _, text := c.showed(i + 1); !strings.Contains(text, test.want) {
			t.Errorf("%+v shows %q, want %s", test.args, text, test.want)
		}
	}
	if err := c.try("workspace/executeCommand", &protocol.ExecuteCommandParams{Command: cmdShowLog,
		Arguments: []protocol.LSPAny{encode(logArgs{RunID: id, Job: "nope"})}}, nil); err == nil || !strings.Contains(err.Error(), "has no job 'nope'") {
		t.Errorf("a job that there is not: %v", err)
	}

	// An editor that shows no documents is told where the log is, and no more.
	simple := start(t, `{}`)
	v := simple.openIn(root, ".quire/ci.fnl", chained)
	simple.execute(cmdShowLog, logArgs{URI: v, Job: "one"}, nil)
	simple.wait("the message", func() bool { return len(simple.messages) == 1 })
	if m := simple.said(0); !strings.HasPrefix(m, "Log: /") || strings.Contains(m, "\n") {
		t.Errorf("message: %q", m)
	}
}
