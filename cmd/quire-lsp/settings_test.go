package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// A settingSchema is the part of JSON Schema that settings.schema.json uses.
type settingSchema struct {
	Type        string
	Default     any
	Enum        []any
	Description string
	Properties  map[string]*settingSchema
}

func TestSettingsMeetTheirSchema(t *testing.T) {
	text, err := os.ReadFile("settings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema settingSchema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	checkSetting(t, "quire", reflect.ValueOf(defaultSettings()), &schema)
	names := []any{""}
	for _, s := range dsl.Servers() {
		names = append(names, s.String())
	}
	equal(t, "servers", schema.Properties["server"].Enum, names)
}

func checkSetting(t *testing.T, path string, v reflect.Value, schema *settingSchema) {
	t.Helper()
	if schema == nil {
		t.Errorf("%s is not in the schema", path)
		return
	}
	if schema.Description == "" {
		t.Errorf("%s has no description", path)
	}
	if v.Kind() == reflect.Struct {
		equal(t, "type of "+path, schema.Type, "object")
		equal(t, "number of settings in "+path, len(schema.Properties), v.NumField())
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("json")
			checkSetting(t, path+"."+name, v.Field(i), schema.Properties[name])
		}
		return
	}
	types := map[reflect.Kind]string{reflect.Bool: "boolean", reflect.String: "string", reflect.Int: "integer"}
	equal(t, "type of "+path, schema.Type, types[v.Kind()])
	got, err := json.Marshal(schema.Default)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "default of "+path, string(got), string(encode(v.Interface())))
}

func TestOverlay(t *testing.T) {
	changed := defaultSettings()
	changed.CodeLens, changed.Server, changed.Run.Timeout, changed.InlayHints.Order = false, "H", "90s", false
	for _, test := range []struct {
		text           string
		want           settings
		wrong, unknown []string
	}{
		{``, defaultSettings(), nil, nil},
		{`null`, defaultSettings(), nil, nil},
		{`{}`, defaultSettings(), nil, nil},
		{`{"quire": null}`, defaultSettings(), nil, nil},
		{`{"codeLens": null, "run": null, "inlayHints": {"order": null}}`, defaultSettings(), nil, nil},
		{`{"codeLens": false, "server": "H", "run": {"timeout": "90s"}, "inlayHints": {"order": false}}`, changed, nil, nil},
		{`{"editor": 1, "quire": {"codeLens": false, "server": "H", "run": {"timeout": "90s"}, "inlayHints": {"order": false}}}`, changed, nil, nil},
		{`[1]`, defaultSettings(), []string{"quire: expected an object, got [1]. Its settings stay as they are."}, nil},
		{`{"codeLens": "no", "inlayHints": true, "server": "S9", "run": {"parallel": 0, "timeout": "-1s", "net": 1, "on": "localhost:7233"}}`, defaultSettings(), []string{
			`quire.codeLens: expected true or false, got "no". It stays true.`,
			`quire.inlayHints: expected an object, got true. Its settings stay as they are.`,
			`quire.run.net: expected true or false, got 1. It stays false.`,
			`quire.run.on: expected a URL such as "temporal://HOST:PORT/NAMESPACE", got "localhost:7233". It stays "".`,
			`quire.run.parallel: expected a whole number from 1, got 0. It stays 1.`,
			`quire.run.timeout: expected a time such as "90s" or "10m", got "-1s". It stays "".`,
			`quire.server: expected one of "", "S1", "S2", "H", got "S9". It stays "".`,
		}, nil},
		{`{"path": "/bin/sh", "run": {"containerRuntime": "/bin/sh"}}`, defaultSettings(), nil, []string{"quire.path", "quire.run.containerRuntime"}},
		{`{"server": "` + strings.Repeat("ü", 100) + `"}`, defaultSettings(), []string{
			`quire.server: expected one of "", "S1", "S2", "H", got "` + strings.Repeat("ü", 29) + `…. It stays "".`}, nil},
	} {
		got := defaultSettings()
		wrong, unknown := got.overlay(json.RawMessage(test.text))
		equal(t, test.text, got, test.want)
		equal(t, "wrong in "+test.text, wrong, test.wrong)
		equal(t, "unknown in "+test.text, unknown, test.unknown)
	}
}

// Settings of the workspace do not make it trusted; initialization options do.
func TestTrustedSetting(t *testing.T) {
	s := &server{}
	s.startConfiguration(protocol.LSPAny(`{"codeLens": false}`))
	s.configuration.later = clientSettings{json.RawMessage(`{"trusted": true}`), map[string]json.RawMessage{"/a": json.RawMessage(`{"trusted": true}`)}}
	s.configuration.settle()
	equal(t, "trusted by the workspace", s.settings("").Trusted || s.settings("/a/b").Trusted, false)
	equal(t, "code lenses", s.settings("").CodeLens, false)

	s.startConfiguration(protocol.LSPAny(`{"trusted": true}`))
	s.configuration.later = clientSettings{everywhere: json.RawMessage(`{"trusted": false}`)}
	s.configuration.settle()
	equal(t, "trusted by the user", s.settings("").Trusted, true)
}

// messagesAt waits for n messages to the user and returns them.
func (c *client) messagesAt(n int) (texts []string) {
	c.t.Helper()
	c.wait("messages", func() bool { return len(c.messages) >= n })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.messages {
		texts = append(texts, m.Message)
	}
	return texts
}

// Whatever the initialization options are, the session starts, and what is
// wrong with them is told.
func TestInitializationOptions(t *testing.T) {
	for _, options := range []string{`null`, `{}`, `{"quire": {}}`, `{"codeLens": false}`, `5`, `"x"`, `[]`, `{"inlayHints": 3}`} {
		t.Run(options, func(t *testing.T) {
			c := dial(t)
			c.handshakeWith(everything, `"initializationOptions": `+options)
			u := c.open(".quire/ci.fnl", broken)
			c.published(u, 1)
			if options[0] == '{' && !strings.Contains(options, "3") || options == "null" {
				return
			}
			if text := c.messagesAt(1)[0]; !strings.Contains(text, "expected an object") {
				t.Errorf("told: %s", text)
			}
		})
	}
}

// The server asks for the settings where it can, when the session starts and
// when they change, and tells what is wrong with them once.
func TestPulledSettings(t *testing.T) {
	c := dial(t)
	c.answerWith("workspace/configuration", `[{"codeLens": 1}]`)
	c.handshakeWith(`{"workspace": {"configuration": true, "codeLens": {"refreshSupport": true},
		"didChangeConfiguration": {"dynamicRegistration": true}}}`, `"initializationOptions": {"server": "S1"}`)
	c.waitAsked("client/registerCapability", 1)
	c.waitAsked("workspace/configuration", 1)
	wrong := "quire.codeLens: expected true or false, got 1. It stays true."
	equal(t, "told", c.messagesAt(1), []string{wrong})

	c.answerWith("workspace/configuration", `[{"codeLens": false, "server": 2}]`)
	c.notify("workspace/didChangeConfiguration", json.RawMessage(`{"settings": null}`))
	c.waitAsked("workspace/codeLens/refresh", 1)
	other := `quire.server: expected one of "", "S1", "S2", "H", got 2. It stays "S1".`
	equal(t, "told then", c.messagesAt(2), []string{wrong, other})

	c.answerWith("workspace/configuration", `[{"codeLens": 1, "server": 2}]`)
	c.notify("workspace/didChangeConfiguration", json.RawMessage(`{}`))
	c.waitAsked("workspace/codeLens/refresh", 2)
	equal(t, "told in the end", c.messagesAt(2), []string{wrong, other})
}

// A change of the settings of one folder has no other evaluated again.
func TestSettingsOfOneFolder(t *testing.T) {
	base := workspace(t)
	roots := []string{filepath.Join(base, "a"), filepath.Join(base, "b")}
	evaluated := map[string]*atomic.Int32{}
	var folders []string
	for _, root := range roots {
		write(t, root, pipeline.Path, "(local {: image} (require :quire.ci))\n(image :alpine)\n(require (.. :li :b))\n")
		write(t, root, ".quire/lib.fnl", "{}\n")
		folders = append(folders, fmt.Sprintf(`{"uri": %q, "name": "x"}`, uri.File(root)))
		evaluated[root] = new(atomic.Int32)
	}
	ours, theirs := net.Pipe()
	s := newServer(testWriter{t})
	s.disk = func(root string) source.Tree {
		return countingTree{exec.Dir(root), ".quire/lib.fnl", evaluated[root]}
	}
	c := connect(t, ours, func() int { return s.serve(context.Background(), theirs) })
	c.answerWith("workspace/configuration", `[{}, {}, {}]`)
	c.handshakeWith(`{"workspace": {"configuration": true}}`, `"workspaceFolders": [`+strings.Join(folders, ",")+`]`)
	found := func(root string, n int) func() bool {
		return func() bool {
			p := c.diagnostics[uri.File(filepath.Join(root, pipeline.Path))]
			return p != nil && len(p.Diagnostics) == n
		}
	}
	c.waitAsked("workspace/configuration", 1)
	c.wait("both", func() bool { return found(roots[0], 0)() && found(roots[1], 0)() })
	c.answerWith("workspace/configuration", `[{}, {}, {"server": "S1"}]`)
	c.notify("workspace/didChangeConfiguration", json.RawMessage(`{}`))
	c.wait("the second folder", found(roots[1], 1))
	equal(t, "evaluations of the first", evaluated[roots[0]].Load(), 1)
	equal(t, "evaluations of the second", evaluated[roots[1]].Load(), 2)
}

// A client that cannot be asked sends the settings, in one of two forms or not at
// all.
func TestPushedSettings(t *testing.T) {
	c := start(t, `{"workspace": {"codeLens": {"refreshSupport": true}}}`)
	for i, text := range []string{`{"quire": {"codeLens": false}}`, `{"codeLens": true}`, `{"codeLens": false}`, `null`} {
		c.notify("workspace/didChangeConfiguration", json.RawMessage(`{"settings": `+text+`}`))
		c.waitAsked("workspace/codeLens/refresh", i+1)
	}
	c.notify("workspace/didChangeConfiguration", json.RawMessage(`{}`))
	c.notify("workspace/didChangeConfiguration", json.RawMessage(`{"settings": [3]}`))
	equal(t, "told", c.messagesAt(1), []string{"quire: expected an object, got [3]. Its settings stay as they are."})
}
