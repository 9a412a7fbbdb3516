package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// capable is what a client says of itself that also has the capabilities of a
// workspace, and experimental ones.
func capable(workspace, experimental string) string {
	return strings.TrimSuffix(everything, "}") + `, "workspace": ` + workspace + `, "experimental": {"quire": ` + experimental + `}}`
}

// setSecret gives the pipelines of a test a secret.
func setSecret(t *testing.T, root, value string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(root), "config", "quire", "config.fnl")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "{:secrets {:token %q}}\n", value), 0o600); err != nil {
		t.Fatal(err)
	}
}

const secretive = `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh : secret : log}]
  (sh (.. "printf 'out %s\n' " (secret :token) "; echo err >&2"))
  (log (.. "said " (secret :token)))))
(job :b [:a] (fn [{: sh : secret}]
  (assert (= 0 (. (sh ["sh" "-c" "echo $1; exit 3" "-" (secret :token)]) :exit)) (.. "it is " (secret :token)))))
(job :c [:b] (fn [] nil))
`

// A client that asks for it is told what commands write and what becomes of the
// jobs, without the secrets.
func TestRunEvents(t *testing.T) {
	root := workspace(t)
	setSecret(t, root, "hunter2hunter2")
	c := start(t, capable(`{}`, `{"runOutput": true, "runState": true}`))
	u := c.openIn(root, ".quire/ci.fnl", secretive)
	id := c.run(u)
	c.values(id)
	c.wait("the end", func() bool { return len(c.finished) == 1 })
	c.look(func() {
		equal(t, "states", c.states, []string{"started", "a queued", "b queued", "c queued",
			"a running", "a succeeded", "b running", "b failed", "finished failed"})
		texts := map[string]string{}
		for i, o := range c.output {
			equal(t, "number", o.Seq, i+1)
			equal(t, "run", o.RunID, id)
			texts[fmt.Sprintf("%s %d %s", o.Job, o.Sh, o.Stream)] += o.Text
		}
		equal(t, "output", texts, map[string]string{"a 1 stdout": "out {{ token }}\n", "a 1 stderr": "err\n",
			"a 0 log": "said {{ token }}\n", "b 1 stdout": "{{ token }}\n"})
		end := c.finished[0]
		equal(t, "message", end.Message, "✗ b: it is {{ token }}")
		equal(t, "last job", end.Jobs[2].State, "not-run")
		if l := end.Jobs[1].Location; l == nil || l.URI != u || l.Range.Start != (protocol.Position{Line: 5, Character: 2}) {
			t.Errorf("place of the failure: %+v", l)
		}
		if exit := end.Jobs[1].Exit; exit == nil || *exit != 3 {
			t.Errorf("exit of the failure: %v", exit)
		}
		// It has the output already.
		equal(t, "documents shown", len(c.shown), 0)
		text, err := json.Marshal([]any{c.output, c.finished, c.messages, c.progress, c.diagnostics})
		if err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("the secret got through: %s, %v", text, err)
		}
	})

	// Nobody else hears of it.
	other := start(t, everything)
	v := other.openIn(root, ".quire/ci.fnl", secretive)
	other.values(other.run(v, "a"))
	other.look(func() { equal(t, "states told to others", len(other.states)+len(other.output), 0) })
}

// Much output comes in few messages, and all of it.
func TestMuchOutput(t *testing.T) {
	root := workspace(t)
	c := start(t, capable(`{}`, `{"runOutput": true}`))
	u := c.openIn(root, ".quire/ci.fnl", `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "seq 1 200000") nil))
`)
	values := c.values(c.run(u))
	c.look(func() {
		var got strings.Builder
		for _, o := range c.output {
			got.WriteString(o.Text)
		}
		var want strings.Builder
		for i := range 200000 {
			fmt.Fprintln(&want, i+1)
		}
		if got.String() != want.String() {
			t.Errorf("%d bytes, want %d", got.Len(), want.Len())
		}
		if n := len(c.output); n > 400 {
			t.Errorf("%d messages for %d bytes", n, want.Len())
		}
	})
	equal(t, "end", values[len(values)-1].Value.Kind, "end")
}

// A client that reads documents from the server gets the logs as such, while a
// run writes them and later.
func TestLogDocuments(t *testing.T) {
	root := workspace(t)
	setSecret(t, root, "hunter2hunter2")
	c := start(t, capable(`{"textDocumentContent": {}}`, `{}`))
	gate := filepath.Join(t.TempDir(), "gate")
	u := c.openIn(root, ".quire/ci.fnl", secretive+fmt.Sprintf(`(job :slow [:quire/push] (fn [{: sh}]
  (sh "printf '10%%%%\r20%%%%\n\\033[1mbold\\033[0m\n'; while ! test -e %s; do sleep 0.01; done; echo more")
  nil))
`, gate))
	read := func(run, job string) string {
		var content protocol.TextDocumentContentResult
		c.call("workspace/textDocumentContent", &protocol.TextDocumentContentParams{URI: logURI(run, job)}, &content)
		return content.Text
	}

	var result runResult
	c.execute(cmdRun, runArgs{URI: u, Jobs: []string{"slow"}}, &result)
	equal(t, "document of the run", result.LogURI, logURI(result.RunID, ""))
	c.wait("output", func() bool {
		for _, p := range c.progress {
			if p.Value.Message == "slow: bold" {
				return true
			}
		}
		return false
	})
	if text := read(result.RunID, "slow"); !strings.HasSuffix(text, "\n20%\nbold\n") {
		t.Errorf("document of a job that runs: %q", text)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.wait("a refresh", func() bool { return c.refreshed["workspace/textDocumentContent/refresh"] > 0 })
	c.values(result.RunID)
	if text := read(result.RunID, "slow"); !strings.HasSuffix(text, "\n20%\nbold\nmore\nsucceeded\n") {
		t.Errorf("document of a job that has run: %q", text)
	}

	id := c.run(u, "b")
	c.values(id)
	c.wait("the document", func() bool { return len(c.shown) == 1 && c.shown[0] == logURI(id, "b") })
	equal(t, "its text", read(id, "b"), `job 'b'
$ ["sh", "-c", "echo $1; exit 3", "-", "{{ token }}"]
{{ token }}
(exit 3)
failed: it is {{ token }}
`)
	equal(t, "text of the whole run", strings.Count(read(id, ""), "job '"), 2)
	if err := c.try("workspace/textDocumentContent", &protocol.TextDocumentContentParams{URI: logURI("nope", "b")}, nil); err == nil {
		t.Error("a run that there is not has a document")
	}
}
