package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"

	"go.lsp.dev/protocol"
)

// A configuration is what the client said of the settings. What it says later
// wins over the initialization options, except in what it trusts: later settings
// may come from files of the very workspace that is to be trusted.
type configuration struct {
	current atomic.Pointer[settings] // nil: the defaults

	mu      sync.Mutex // guards the fields below, and orders changes
	initial json.RawMessage
	later   json.RawMessage
	told    map[string]bool // what is wrong with it, as it was told
}

// settings returns the settings as they are now.
func (s *server) settings() settings {
	if now := s.configuration.current.Load(); now != nil {
		return *now
	}
	return defaultSettings()
}

// settle makes settings of what the client said, and returns what is wrong with
// that.
func (c *configuration) settle() (wrong, unknown []string) {
	now := defaultSettings()
	wrong, unknown = now.overlay(c.initial)
	trusted := now.Trusted
	more, others := now.overlay(c.later)
	now.Trusted = trusted
	c.current.Store(&now)
	return append(wrong, more...), append(unknown, others...)
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
		later := json.RawMessage(p.Settings.Clone())
		c := &s.configuration
		c.mu.Lock()
		defer c.mu.Unlock()
		s.configure(later)
	}
	return nil
}

// pullConfiguration asks the client for the settings. Of several that ask at a
// time, each asks when the one before it has its answer, so that the last answer
// is the newest.
func (s *server) pullConfiguration() {
	if !s.caps.configuration {
		return
	}
	c := &s.configuration
	c.mu.Lock()
	defer c.mu.Unlock()
	name := section
	answers, err := s.client.Configuration(s.ctx, &protocol.ConfigurationParams{
		Items: []protocol.ConfigurationItem{{Section: &name}}})
	if err == nil && len(answers) > 0 {
		s.configure(json.RawMessage(answers[0]))
	}
}

// configure takes what the client says of the settings now.
func (s *server) configure(later json.RawMessage) {
	before := s.settings()
	s.configuration.later = later
	s.tellSettings(s.configuration.settle())
	if now := s.settings(); now != before {
		s.settingsChanged(before, now)
	}
}

// settingsChanged brings what the client shows up to date.
func (s *server) settingsChanged(before, now settings) {
	if before.Server != now.Server {
		s.documents.changing.Lock()
		defer s.documents.changing.Unlock()
		s.refreshAll()
	}
	if before.CodeLens != now.CodeLens {
		s.refreshLenses()
	}
	if before.InlayHints != now.InlayHints {
		s.refreshHints()
	}
}
