package main

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.lsp.dev/protocol"
)

// A configuration is what the client said of the settings. What it says later
// wins over the initialization options, except in what it trusts: later settings
// may come from files of the very workspace that is to be trusted.
type configuration struct {
	current atomic.Pointer[configured] // nil: the defaults

	mu      sync.Mutex // guards the fields below, and orders changes
	initial json.RawMessage
	later   clientSettings
	told    map[string]bool // what is wrong with it, as it was told
}

// clientSettings are what the client says of the settings when it is asked.
type clientSettings struct {
	everywhere json.RawMessage
	// in is what it says for its folders, as far as it was asked for them and
	// knows.
	in map[string]json.RawMessage
}

// configured are the settings as they are at a time.
type configured struct {
	everywhere settings
	in         map[string]settings // by folders of the client
}

// of returns the settings of a directory: those of the folder that it is in.
func (c *configured) of(dir string) settings {
	if c == nil {
		return defaultSettings()
	}
	for len(c.in) > 0 {
		if found, ok := c.in[dir]; ok {
			return found
		}
		above := filepath.Dir(dir)
		if above == dir {
			break
		}
		dir = above
	}
	return c.everywhere
}

// settings returns the settings of a repository as they are now; those of no
// particular one when it is empty.
func (s *server) settings(root string) settings { return s.configuration.current.Load().of(root) }

// settle makes settings of what the client said, and returns what is wrong with
// that.
func (c *configuration) settle() (wrong, unknown []string) {
	first := defaultSettings()
	wrong, unknown = first.overlay(c.initial)
	layered := func(text json.RawMessage) settings {
		now := first
		more, others := now.overlay(text)
		now.Trusted = first.Trusted
		wrong, unknown = append(wrong, more...), append(unknown, others...)
		return now
	}
	now := &configured{everywhere: layered(c.later.everywhere), in: map[string]settings{}}
	for _, folder := range slices.Sorted(maps.Keys(c.later.in)) {
		now.in[folder] = layered(c.later.in[folder])
	}
	c.current.Store(now)
	return wrong, unknown
}

// startConfiguration takes the initialization options.
func (s *server) startConfiguration(options protocol.LSPAny) {
	c := &s.configuration
	c.mu.Lock()
	defer c.mu.Unlock()
	c.initial = json.RawMessage(options.Clone())
	c.settle()
}

// tellConfiguration says what is wrong with the settings, each thing once.
func (s *server) tellConfiguration() {
	c := &s.configuration
	c.mu.Lock()
	defer c.mu.Unlock()
	s.tellSettings(c.settle())
}

func (s *server) tellSettings(wrong, unknown []string) {
	fresh := func(lines []string) (text string) {
		var news []string
		for _, line := range lines {
			if !s.configuration.told[line] {
				if s.configuration.told == nil {
					s.configuration.told = map[string]bool{}
				}
				s.configuration.told[line] = true
				news = append(news, line)
			}
		}
		return strings.Join(news, "\n")
	}
	if text := fresh(wrong); text != "" {
		s.message(s.ctx, protocol.MessageTypeWarning, text)
	}
	if text := fresh(unknown); text != "" {
		// When the client is gone the session ends by itself.
		_ = s.client.LogMessage(s.ctx, &protocol.LogMessageParams{
			Type: protocol.MessageTypeInfo, Message: "unknown settings: " + strings.ReplaceAll(text, "\n", ", ")})
	}
}

// DidChangeConfiguration asks for the settings where the client can be asked,
// and takes those that it sends otherwise.
func (s *server) DidChangeConfiguration(_ context.Context, p *protocol.DidChangeConfigurationParams) error {
	if s.caps.configuration {
		s.goWork(s.pullConfiguration)
	} else if len(p.Settings) > 0 {
		later := clientSettings{everywhere: json.RawMessage(p.Settings.Clone())}
		c := &s.configuration
		c.mu.Lock()
		defer c.mu.Unlock()
		s.configure(later)
	}
	return nil
}

// pullConfiguration asks the client for the settings: those of everywhere, and those
// of each of its folders. Of several that ask at a time, each asks when the one
// before it has its answer, so that the last answer is the newest.
func (s *server) pullConfiguration() {
	if !s.caps.configuration {
		return
	}
	c := &s.configuration
	c.mu.Lock()
	defer c.mu.Unlock()
	name := section
	items := []protocol.ConfigurationItem{{Section: &name}}
	folders := s.documents.clientFolders()
	roots := slices.Sorted(maps.Keys(folders))
	for _, root := range roots {
		at := folders[root]
		items = append(items, protocol.ConfigurationItem{Section: &name, ScopeURI: &at})
	}
	answers, err := s.client.Configuration(s.ctx, &protocol.ConfigurationParams{Items: items})
	if err != nil || len(answers) == 0 {
		return
	}
	later := clientSettings{json.RawMessage(answers[0]), map[string]json.RawMessage{}}
	for i, answer := range answers[1:min(len(answers), len(items))] {
		later.in[roots[i]] = json.RawMessage(answer)
	}
	s.configure(later)
}

// configure takes what the client says of the settings now.
func (s *server) configure(later clientSettings) {
	c := &s.configuration
	before := c.current.Load()
	c.later = later
	s.tellSettings(c.settle())
	s.settingsChanged(before, c.current.Load())
}

// settingsChanged brings what the client shows up to date: the diagnostics of the
// repositories whose settings are others now, and the rest, for which it can only
// be asked as a whole, if something in it changed anywhere.
func (s *server) settingsChanged(before, now *configured) {
	s.documents.changing.Lock()
	for _, scope := range s.documents.scopes() {
		if before.of(scope).Server != now.of(scope).Server {
			s.refresh(scope, always)
		}
	}
	s.documents.changing.Unlock()
	differs := func(is func(a, b settings) bool) bool {
		if is(before.of(""), now.of("")) {
			return true
		}
		for root := range s.documents.clientFolders() {
			if is(before.of(root), now.of(root)) {
				return true
			}
		}
		return false
	}
	if differs(func(a, b settings) bool { return a.CodeLens != b.CodeLens }) {
		s.refreshLenses()
	}
	if differs(func(a, b settings) bool { return a.InlayHints != b.InlayHints }) {
		s.refreshHints()
	}
}
