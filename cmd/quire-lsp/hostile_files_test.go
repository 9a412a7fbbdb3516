//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec/exectest"
)

// mostResident is how many bytes the server may have in memory, whatever it is
// given to read.
const mostResident = 512 << 20

const goodPipeline = "(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [{: sh}] (sh \"true\") nil))\n"

// TestHostileFiles has one session of the program itself open all of
// testdata/hostile, one after another: every file gets its diagnostics, a hover
// in a good file is answered all the while, and the memory stays bounded and
// comes back.
func TestHostileFiles(t *testing.T) {
	c, cmd, good := hostileSession(t)
	before := resident(t, cmd, "VmRSS")

	hovers := c.hoverAlong(good)
	for i, h := range exectest.ReadHostile(t, "../../testdata/hostile") {
		if !long && i%8 != 0 {
			continue // each may take the two seconds that it is given
		}
		if !c.openHostile(h) {
			t.Errorf("%s: nothing was found", h.Name)
		}
		if most := resident(t, cmd, "VmHWM"); most > mostResident {
			t.Fatalf("%s: the server took %d MiB", h.Name, most>>20)
		}
	}
	if len(hovers()) == 0 {
		t.Error("no hover was answered")
	}
	if now, ok := c.memoryReturns(cmd, good, before+96<<20); !ok {
		t.Errorf("of %d MiB the server has %d when all is closed", before>>20, now>>20)
	}
	t.Logf("at most %d MiB", resident(t, cmd, "VmHWM")>>20)
}

// hostileSession starts a session of the program itself with a good file, of which
// all is known.
func hostileSession(t testing.TB) (c *client, cmd *exec.Cmd, good uri.URI) {
	t.Helper()
	cmd = exec.Command(filepath.Join(build(t), "quire-lsp"))
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(home, "state"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"))
	c = spawn(t, cmd)
	c.handshake(everything)
	good = c.open(".quire/ci.fnl", goodPipeline)
	c.published(good, 1)
	return c, cmd, good
}

func hoverIn(u uri.URI) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"textDocument": {"uri": %q}, "position": {"line": 1, "character": 2}}`, u))
}

// hoverAlong asks for a hover again and again until the function that it
// returns is called, which returns how long each took to be answered.
func (c *client) hoverAlong(u uri.URI) (stop func() []time.Duration) {
	var ended atomic.Bool
	all := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		for !ended.Load() {
			var hover *protocol.Hover
			start := time.Now()
			if err := c.try("textDocument/hover", hoverIn(u), &hover); err != nil || hover == nil {
				c.t.Errorf("hover: %v, %v", hover, err)
				break
			}
			took = append(took, time.Since(start))
			time.Sleep(20 * time.Millisecond) // as one who moves the mouse
		}
		all <- took
	}()
	return func() []time.Duration {
		ended.Store(true)
		return <-all
	}
}

// memoryReturns waits until the server has no more than a number of bytes in
// memory, while there is a little to do. It returns what the server has then, or
// still has when it took too long.
func (c *client) memoryReturns(cmd *exec.Cmd, good uri.URI, most int) (now int, ok bool) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if now = resident(c.t, cmd, "VmRSS"); now < most {
			return now, true
		}
		c.call("textDocument/hover", hoverIn(good), nil)
	}
	return now, false
}

// openHostile opens a case, waits for its diagnostics and closes it again. It
// reports whether something was found where that has to be so.
func (c *client) openHostile(h *exectest.Hostile) (ok bool) {
	c.t.Helper()
	c.t.Log(h.Name)
	root := h.Make(c.t, c.t.TempDir())
	defer h.Change(c.t)()
	name := ".quire/ci.fnl"
	if info, err := os.Lstat(filepath.Join(root, name)); err != nil {
		c.t.Fatal(err)
	} else if !info.Mode().IsRegular() || info.Size() > maxMessage {
		// No message has the text of such a pipeline. The server finds it on disk.
		name = ".quire/beside.fnl"
		write(c.t, root, name, "{}\n")
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		c.t.Fatal(err)
	}
	u := uri.File(filepath.Join(root, name))
	c.notify("textDocument/didOpen", &protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{
		URI: u, LanguageID: "fennel", Version: 1, Text: strings.ToValidUTF8(string(text), "\uFFFD"),
	}})
	found := c.published(u, 1)
	want := h.Lines("want")
	ok = !strings.HasPrefix(name, ".quire/ci") || len(want) == 0 || want[0] == "any" || len(found) > 0
	c.notify("textDocument/didClose", json.RawMessage(fmt.Sprintf(`{"textDocument": {"uri": %q}}`, u)))
	return ok
}

// resident returns a figure of the memory of a process, in bytes.
func resident(t testing.TB, cmd *exec.Cmd, which string) (bytes int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if n, err := fmt.Sscanf(line, which+": %d kB", &bytes); err == nil && n == 1 {
			return bytes << 10
		}
	}
	t.Fatalf("no %s", which)
	return 0
}
