package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// Settings are what the global configuration tells those who check pipelines.
type Settings struct {
	// Secrets are the names of the secrets that a run could ask for; nil: they
	// are not known.
	Secrets []string
	// Server is the server that pipelines should run on too; zero: none.
	Server dsl.State
	// Diagnostics are what is wrong with the configuration. With errors among
	// them it tells nothing else.
	Diagnostics diag.List
}

// ReadSettings reads the global configuration, which is the file named or else
// in the usual places. The settings are zero when there is none. The error is a
// [*UsageError] when the file that was named cannot be found.
func ReadSettings(ctx context.Context, config string) (Settings, error) {
	path, err := findConfig(os.Environ(), config)
	if err != nil || path == "" {
		return Settings{}, err
	}
	return loadConfig(ctx, path).settings(), nil
}

// SettingsOf returns what a text would tell as the global configuration, for an
// editor in which it is not saved yet. The name of the file is its path.
func SettingsOf(ctx context.Context, f *source.File) Settings {
	c := newConfiguration(f, filepath.Dir(f.Name()))
	c.evaluate(ctx)
	return c.settings()
}

// ConfigPlaces returns the paths at which the global configuration is looked
// for, whether it is there or not, the one that wins first.
func ConfigPlaces() []string { return configPlaces(os.Environ()) }

func configPlaces(env environ) []string {
	if path := env.get("QUIRE_CONFIG"); path != "" {
		return []string{path}
	}
	places := []string{"/var/quire/config.fnl"}
	if home, ok := env.home("XDG_CONFIG_HOME", ".config"); ok {
		places = slices.Insert(places, 0, filepath.Join(home, "quire", "config.fnl"))
	}
	return places
}

// findConfig returns the path of the global configuration: the one that is
// named, by the option or the environment, or the first in the usual places
// that exists, or nothing.
func findConfig(env environ, named string) (string, error) {
	for _, path := range []string{named, env.get("QUIRE_CONFIG")} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return "", &UsageError{fmt.Sprintf("cannot read the configuration: %s: %s", path, osError(err))}
		}
		return path, nil
	}
	for _, path := range configPlaces(env) {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", nil
}

// loadConfig evaluates the global configuration at path, or none when path is
// empty.
func loadConfig(ctx context.Context, path string) *configuration {
	config := newConfiguration(source.NewFile(path, ""), "")
	if path == "" {
		return config
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		config.fail(config.at(), "the configuration cannot be read: %v", osError(err))
		return config
	}
	config.dir = filepath.Dir(abs)
	text, err := readRegular(abs, int64(pipeline.DefaultLimits().File))
	if err != nil {
		config.fail(config.at(), "the configuration cannot be read: %v", osError(err))
		return config
	}
	config.file = source.NewFile(path, string(text))
	config.evaluate(ctx)
	config.checkPermissions(abs)
	return config
}

func newConfiguration(f *source.File, dir string) *configuration {
	return &configuration{file: f, dir: dir, secrets: map[string]Secret{}}
}

// evaluate finds out what the text of the configuration says.
func (c *configuration) evaluate(ctx context.Context) {
	c.value, c.found = pipeline.Evaluate(ctx, c.file, pipeline.DefaultLimits())
	for i := range c.found {
		c.found[i].Code = diag.Config
	}
	if !c.found.HasErrors() {
		c.read()
	}
}

// settings returns what the configuration tells those who check pipelines.
func (c *configuration) settings() Settings {
	if c.found.HasErrors() {
		return Settings{Diagnostics: c.found}
	}
	return Settings{
		Secrets:     slices.AppendSeq(make([]string, 0, len(c.secrets)), maps.Keys(c.secrets)),
		Server:      c.server,
		Diagnostics: c.found,
	}
}

// checkPermissions warns when other users can read the values in the file at
// path.
func (c *configuration) checkPermissions(path string) {
	info, err := os.Stat(path)
	if err != nil || !readableByOthers(info) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.secrets)) {
		if c.secrets[name].Value != "" {
			c.warn(c.at("secrets", name), "other users of this machine can read the secret `%s`: this file needs chmod 600", name)
			return
		}
	}
}

// A configuration is a global configuration.
type configuration struct {
	dir     string
	file    *source.File
	value   *pipeline.Value
	secrets map[string]Secret
	server  dsl.State
	found   diag.List // everything that is wrong with it
}

func (c *configuration) at(keys ...string) source.Place {
	if c.value == nil {
		return source.Place{File: c.file}
	}
	return c.value.Place(keys...)
}

func (c *configuration) fail(at source.Place, format string, args ...any) {
	c.found = append(c.found, diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.Config, Message: fmt.Sprintf(format, args...),
		Help: "A configuration is a table such as {:secrets {:token {:file \"token.txt\"}}}."})
}

func (c *configuration) warn(at source.Place, format string, args ...any) {
	c.found = append(c.found, diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.Config, As: diag.Warning,
		Message: fmt.Sprintf(format, args...)})
}

func (c *configuration) read() {
	if c.value.Data == nil {
		c.fail(c.at(), "the configuration is empty")
		return
	}
	text, bad, ok := c.value.Data.JSON()
	if !ok {
		c.fail(c.at(), "the configuration cannot be used: what stands at %q is no plain data", bad)
		return
	}
	top := c.table(text)
	if top == nil {
		c.fail(c.at(), "the configuration is not a table")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		switch key {
		case "secrets":
			c.readSecrets(top[key])
		case "server":
			c.readServer(top[key])
		default:
			c.warn(c.at(key), "unknown key `%s` in the configuration is ignored", key)
		}
	}
}

// readServer reads the name of a server. Only checks ask for it, so that a wrong
// one refuses no run.
func (c *configuration) readServer(text json.RawMessage) {
	var name string
	if err := json.Unmarshal(text, &name); err == nil {
		if server, ok := dsl.ParseServer(name); ok {
			c.server = server
			return
		}
	}
	var names []string
	for _, s := range dsl.Servers() {
		names = append(names, s.String())
	}
	c.warn(c.at("server"), ":server is ignored: expected one of %s", strings.Join(names, ", "))
}

func (c *configuration) readSecrets(text json.RawMessage) {
	all := c.table(text)
	if all == nil {
		c.fail(c.at("secrets"), ":secrets is not a table of names and values")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var value string
		if json.Unmarshal(all[name], &value) == nil {
			c.secrets[name] = Secret{Value: value}
			continue
		}
		c.readSecretTable(name, c.table(all[name]))
	}
}

func (c *configuration) readSecretTable(name string, t map[string]json.RawMessage) {
	var path string
	if json.Unmarshal(t["file"], &path) != nil || path == "" {
		c.fail(c.at("secrets", name), "the secret `%s` is neither a string nor a table with the path of a :file", name)
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	c.secrets[name] = Secret{File: path}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if key != "file" {
			c.warn(c.at("secrets", name, key), "unknown key `%s` of the secret `%s` is ignored", key, name)
		}
	}
}

// table returns the fields of a table of names, or nil when text is something
// else.
func (c *configuration) table(text json.RawMessage) map[string]json.RawMessage {
	var t map[string]json.RawMessage
	if json.Unmarshal(text, &t) != nil {
		return nil
	}
	return t
}
