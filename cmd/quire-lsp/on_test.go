package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"quire/exec/exectest"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == exectest.EngineName {
		exectest.Engine()
		return
	}
	os.Exit(m.Run())
}

// engine has the runs of a test find the engine for tests, and returns the value
// of run.on for it.
func engine(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	bin := t.TempDir()
	if err = errors.Join(err, os.Symlink(self, filepath.Join(bin, exectest.EngineName))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return exectest.EngineURL + filepath.ToSlash(t.TempDir())
}

// seen is what a client shows of a run, without times and paths.
type seen struct {
	Progress []string // without what is shown only when there is time for it
	States   []string
	Output   map[string]string
	Lenses   []string
	Problems []string
	Failed   string
}

var unlike = regexp.MustCompile(`\d+\.\d s|/[^ ]*/by-id/[0-9a-f-]+|[0-9a-f]{8}-[0-9a-f-]{27}|"durationMs":\d+,?`)

// show runs a pipeline, one job at a time, and returns what is shown of it.
func show(t *testing.T, run string) (s seen) {
	t.Helper()
	root := workspace(t)
	c := dial(t)
	c.handshakeWith(capable(`{}`, `{"runOutput": true, "runState": true}`),
		`"rootUri": null, "initializationOptions": {"trusted": true, "run": `+run+`}`)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (let [_ignored (sh "echo out; exit 2")] {:n 1})))
(job :b [:a] (fn [{: sh : jobs}]
  (assert (= 0 (. (sh (.. "echo " (. (jobs :a) :n) "; exit 3")) :exit)) "no good")))
(job :c [:b] (fn [] nil))
`)
	var result runResult
	c.execute(cmdRun, json.RawMessage(`{"uri": "`+string(u)+`", "options": {"parallel": 1}}`), &result)
	values := c.values(result.RunID)
	c.wait("the end", func() bool { return len(c.finished) == 1 })
	for _, v := range []progressValue{values[0], values[len(values)-1]} {
		s.Progress = append(s.Progress, v.Value.Kind+" "+v.Value.Title+" "+unlike.ReplaceAllString(v.Value.Message, "…"))
	}
	c.wait("the failure", func() bool {
		p := c.diagnostics[u]
		return p != nil && len(p.Diagnostics) > 0
	})
	c.look(func() {
		s.States = c.states
		s.Output = map[string]string{}
		for _, o := range c.output {
			s.Output[o.Job+" "+o.Stream] += o.Text
		}
		for _, d := range c.diagnostics[u].Diagnostics {
			text, _ := json.Marshal(d)
			s.Problems = append(s.Problems, unlike.ReplaceAllString(strings.ReplaceAll(string(text), root, "ROOT"), "…"))
		}
		text, _ := json.Marshal(c.finished[0].Jobs)
		s.Failed = unlike.ReplaceAllString(strings.ReplaceAll(string(text), root, "ROOT"), "…")
	})
	s.Lenses = c.lenses(u)
	return s
}

// TestRunOn points the run of the editor at other machines by a setting. What is
// shown is the same, but that it says so.
func TestRunOn(t *testing.T) {
	on := engine(t)
	here := show(t, `{}`)
	there := show(t, `{"reuse": true, "on": "`+on+`"}`) // of which only the second has a meaning there
	equal(t, "begin", there.Progress[0], here.Progress[0]+", on "+on)
	there.Progress[0] = here.Progress[0]
	equal(t, "what is shown", there, here)
	if here.Output["a stdout"] != "out\n" || len(here.Problems) == 0 {
		t.Errorf("nothing was to compare: %v", here)
	}
}

// TestRunHereInstead runs in the working tree, which other machines do not have,
// although the setting points elsewhere, and finds out here what would run.
func TestRunHereInstead(t *testing.T) {
	root := workspace(t)
	c := dial(t)
	c.handshakeWith(everything, `"rootUri": null, "initializationOptions": {"trusted": true, "run": {"on": "nothere://localhost"}}`)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "echo made >made") :exit)))))
`)
	var result runResult
	c.execute(cmdRun, json.RawMessage(`{"uri": "`+string(u)+`", "options": {"inPlace": true}}`), &result)
	values := c.values(result.RunID)
	if end := values[len(values)-1].Value.Message; !strings.HasPrefix(end, "✓ 1 job") {
		t.Error(end)
	}
	if _, err := os.Stat(filepath.Join(root, "made")); err != nil {
		t.Error(err)
	}
	c.execute(cmdDryRun, runArgs{URI: u}, nil)
	c.wait("the plan", func() bool { return len(c.shown) == 1 })
	values = c.values(c.run(u))
	if end := values[len(values)-1].Value.Message; !strings.Contains(end, "quire-nothere is neither beside quire") {
		t.Error(end)
	}
}

// TestRunOnAsks asks whether a workspace is trusted, and says what that means.
func TestRunOnAsks(t *testing.T) {
	root := workspace(t)
	on := engine(t)
	c := dial(t)
	c.reply = answerNot
	c.handshakeWith(everything, `"rootUri": null, "initializationOptions": {"run": {"on": "`+on+`"}}`)
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [] nil))
`)
	c.run(u)
	c.wait("the question", func() bool { return len(c.questions) > 0 })
	c.look(func() {
		if text := c.questions[0]; !strings.Contains(text, "is sent to the machines of "+on) {
			t.Error(text)
		}
	})
}
