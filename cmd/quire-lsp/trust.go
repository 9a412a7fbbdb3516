package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"go.lsp.dev/protocol"

	"quire/exec"
)

// trust knows the workspaces whose jobs may run. A job does whatever its
// pipeline says, and an editor opens whatever was cloned; so the user says once
// for each root that it may. Reading a pipeline, and a dry run, do nothing and
// need no trust.
type trust struct {
	asking chan struct{} // holds one token while the user is asked
}

func (t *trust) init() { t.asking = make(chan struct{}, 1) }

// The answers to the question.
const (
	answerTrust = "Trust and run"
	answerNot   = "Do not run"
)

// trusted reports whether a run may start, and asks the user when nobody has
// said so yet. The user is told when it may not.
func (s *server) trusted(run *liveRun) bool {
	if s.settings("").Trusted {
		return true
	}
	select { // one question at a time, which may answer the next
	case s.trust.asking <- struct{}{}:
		defer func() { <-s.trust.asking }()
	case <-run.ctx.Done():
		return false
	}
	mark, err := trustMark(run.root)
	if err == nil && mark.exists() {
		return true
	}
	answer := s.askTrust(run)
	switch {
	case run.ctx.Err() != nil:
		return false
	case answer != answerTrust:
		s.message(s.ctx, protocol.MessageTypeWarning, fmt.Sprintf("%s: nothing was run, because %s is not trusted. "+
			"Run a job again to be asked again, or set trusted in the initialization options of quire-lsp.", run.progress.title, run.root))
		return false
	}
	if err == nil {
		err = mark.make()
	}
	if err != nil {
		s.message(s.ctx, protocol.MessageTypeWarning, fmt.Sprintf("quire: the trust in %s lasts only for this run: %v", run.root, err))
	}
	return true
}

// askTrust returns what the user answered, or nothing.
func (s *server) askTrust(run *liveRun) string {
	what := fmt.Sprintf("Jobs of %s run commands on this machine with your rights.", run.root)
	if on := run.args.Options.On; on != "" {
		what = fmt.Sprintf("%s is sent to the machines of %s, and its jobs run commands there.", run.root, on)
	}
	item, err := s.client.ShowMessageRequest(run.ctx, &protocol.ShowMessageRequestParams{
		Type:    protocol.MessageTypeWarning,
		Message: what + " Do you trust what its .quire/ci.fnl and its scripts do?",
		Actions: []protocol.MessageActionItem{{Title: answerTrust}, {Title: answerNot}},
	})
	if err != nil || item == nil {
		return ""
	}
	return item.Title
}

// A mark is the file that says that a root is trusted. It is outside of the
// repository, which could otherwise bring it along.
type mark struct{ path, root string }

// trustMark returns the mark of a root. Its name is a hash, since paths are
// longer than names may be; it holds the path, for whoever looks.
func trustMark(root string) (mark, error) {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return mark{}, err
	}
	state, err := exec.Options{}.StateDir()
	if err != nil {
		return mark{}, err
	}
	name := sha256.Sum256([]byte(real))
	return mark{filepath.Join(state, "trusted", hex.EncodeToString(name[:])), real}, nil
}

func (m mark) exists() bool {
	text, err := os.ReadFile(m.path)
	return err == nil && string(text) == m.root+"\n"
}

func (m mark) make() error {
	if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(m.path, []byte(m.root+"\n"), 0o600)
}
