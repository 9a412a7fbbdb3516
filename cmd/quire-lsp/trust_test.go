package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// A workspace has to be trusted before a job runs, once, and what says so is not
// in the workspace.
func TestTrust(t *testing.T) {
	root := workspace(t)
	ran := filepath.Join(t.TempDir(), "ran")
	text := "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: sh}] (sh \"echo >> " + ran + "\") nil))\n"
	session := func(options, answer string) (*client, uri.URI) {
		c := dial(t)
		c.reply = answer
		c.handshakeWith(everything, `"rootUri": null, "initializationOptions": `+options)
		return c, c.openIn(root, ".quire/ci.fnl", text)
	}

	for _, options := range []string{"null", "{}", `{"trusted": false}`, `{"trusted": "yes"}`, "[]"} {
		c, u := session(options, map[bool]string{true: answerNot}[options == "{}"])
		var result runResult
		c.execute(cmdRun, runArgs{URI: u}, &result)
		// What is wrong with the options is told before.
		c.wait("the refusal", func() bool {
			return len(c.messages) > 0 && strings.Contains(c.messages[len(c.messages)-1].Message, "not trusted")
		})
		c.look(func() {
			if m := c.messages[len(c.messages)-1].Message; !strings.Contains(m, "is not trusted") || len(c.questions) != 1 || !strings.Contains(c.questions[0], root) {
				t.Errorf("with options %s: %q after the questions %q", options, m, c.questions)
			}
		})
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("with options %s: the job has run", options)
		}
		// To find out what would run does nothing.
		c.execute(cmdDryRun, runArgs{URI: u}, nil)
		c.wait("the plan", func() bool { return len(c.shown) == 1 })
	}

	c, u := session(`{"trusted": true}`, "")
	c.values(c.run(u))
	c.look(func() { equal(t, "questions when the setting says so", len(c.questions), 0) })

	c, u = session("null", answerTrust)
	c.values(c.run(u))
	c.values(c.run(u))
	c.look(func() { equal(t, "questions", len(c.questions), 1) })

	c, u = session("null", "")
	c.values(c.run(u))
	c.look(func() { equal(t, "questions of a later session", len(c.questions), 0) })
	text2, err := os.ReadFile(ran)
	if err != nil || len(text2) != 4 {
		t.Errorf("the job left %q, %v; want a line of each of 4 runs", text2, err)
	}
	_ = filepath.WalkDir(root, func(path string, _ os.DirEntry, _ error) error {
		if strings.Contains(path, "trusted") {
			t.Errorf("the workspace holds %s", path)
		}
		return nil
	})

	// Trust in one workspace is none in another.
	other := c.openIn(filepath.Join(filepath.Dir(root), "other"), ".quire/ci.fnl", text)
	c.execute(cmdRun, runArgs{URI: other}, nil)
	c.wait("the refusal of another workspace", func() bool { return len(c.messages) == 1 })
}

// A question that nobody answers keeps no session from ending.
func TestTrustUnanswered(t *testing.T) {
	root := workspace(t)
	c := dial(t)
	c.stall = make(chan struct{})
	defer close(c.stall)
	c.handshakeWith(everything, `"rootUri": null`)
	u := c.openIn(root, ".quire/ci.fnl", "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] nil))\n")
	var first, second runResult
	c.execute(cmdRun, runArgs{URI: u}, &first)
	c.execute(cmdRun, runArgs{URI: u}, &second)
	c.wait("the question", func() bool { return len(c.questions) == 1 })
	c.execute(cmdCancel, cancelArgs{RunID: second.RunID}, nil)
	c.execute(cmdCancel, cancelArgs{RunID: first.RunID}, nil)
	c.call(protocol.MethodShutdown, nil, nil)
	c.notify("exit", nil)
	equal(t, "exit code", c.exited(), 0)
}
