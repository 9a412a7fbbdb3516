package dsl_test

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quire/analysis/dsl"
)

// entries iterates over every documented entry with a path that names it.
func entries() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		keys := func(path string, keys []dsl.Key) {
			for _, k := range keys {
				yield(path+" :"+k.Name, k.Doc)
			}
		}
		funcs := func(path string, funcs []dsl.Func) {
			for _, f := range funcs {
				path := path + " " + f.Name
				yield(path, f.Doc)
				keys(path+" result", f.Result)
				for _, p := range f.Params {
					yield(path+" "+p.Name, p.Doc)
					keys(path+" "+p.Name, p.Keys)
				}
			}
		}
		for _, m := range dsl.Modules() {
			yield(m.Name, m.Doc)
			funcs(m.Name, m.Funcs)
			funcs(m.Name+" macros", m.Macros)
			keys(m.Name, m.Fields)
		}
		funcs("runtime", dsl.Runtime())
		for _, s := range dsl.Sources() {
			yield(s.Name, s.Doc)
			keys(s.Name, s.Fields)
		}
		for _, g := range dsl.Globals() {
			yield(g.Name, g.Doc)
		}
		for _, a := range dsl.Absents() {
			yield("absent "+a.Name, a.Use)
		}
	}
}

func TestDocumented(t *testing.T) {
	sentence := regexp.MustCompile(`^[A-Z(_].*[.…]$`)
	for path, doc := range entries() {
		first, _, _ := strings.Cut(doc, ". ")
		if !sentence.MatchString(doc) || strings.Contains(doc, "\n") {
			t.Errorf("%s: %q is not a line of complete sentences", path, doc)
		}
		if strings.HasPrefix(first, "It ") || strings.HasPrefix(first, "They ") {
			t.Errorf("%s: the first sentence of %q does not stand alone", path, doc)
		}
	}
}

func TestTyped(t *testing.T) {
	for _, f := range slices.Concat(dsl.Runtime(), allFuncs()) {
		if f.Type == "" || f.States == 0 {
			t.Errorf("%s has no type or no state", f.Name)
		}
		for _, p := range f.Params {
			if p.Type == "" {
				t.Errorf("%s %s has no type", f.Name, p.Name)
			}
			for _, k := range p.Keys {
				if k.Type == "" || k.States == 0 {
					t.Errorf("%s %s :%s has no type or no state", f.Name, p.Name, k.Name)
				}
			}
		}
	}
}

func allFuncs() []dsl.Func {
	var all []dsl.Func
	for _, m := range dsl.Modules() {
		all = append(append(all, m.Funcs...), m.Macros...)
	}
	return all
}

func TestUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range dsl.Globals() {
		if seen[g.Name] {
			t.Errorf("%s is listed twice", g.Name)
		}
		seen[g.Name] = true
	}
	for _, a := range dsl.Absents() {
		if seen[a.Name] {
			t.Errorf("%s is absent, but listed before", a.Name)
		}
		seen[a.Name] = true
	}
}

func TestFind(t *testing.T) {
	if m, ok := dsl.FindModule("quire.ci"); !ok || m.Name != "quire.ci" {
		t.Error("quire.ci is not found")
	} else if f, ok := m.Func("job"); !ok || f.Signature() != "(job id inputs run-fn ?opts)" {
		t.Error("job is not found in quire.ci")
	}
	sh, ok := dsl.Primitive("sh")
	if !ok || sh.Signature() != "(sh cmd ?opts)" {
		t.Fatal("sh is not found")
	}
	if _, ok := sh.Params[1].Key("cwd"); !ok {
		t.Error("sh has no :cwd")
	}
	if _, ok := dsl.FindSource("quire/push"); !ok {
		t.Error("quire/push is not found")
	}
	if _, ok := dsl.FindGlobal("string.format"); !ok {
		t.Error("string.format is not found")
	}
	for name, want := range map[string]string{"io.open": "io.open", "io.tmpfile": "io", "debug.sethook": "debug", "os.exit": "os.exit"} {
		if a, ok := dsl.FindAbsent(name); !ok || a.Name != want {
			t.Errorf("%s is not explained by %s", name, want)
		}
	}
	for _, name := range []string{"os.time", "foo", "string.format"} {
		if _, ok := dsl.FindAbsent(name); ok {
			t.Errorf("%s is said to be absent", name)
		}
	}
}

func TestMessages(t *testing.T) {
	sh, _ := dsl.Primitive("sh")
	secret, _ := dsl.Primitive("secret")
	writeFile, _ := dsl.Primitive("write-file")
	tests := []struct{ got, want string }{
		{dsl.UnknownOption(sh, sh.Params[1], "cwdir"), "sh: unknown field `cwdir`, expected `env`, `cwd` or `timeout`"},
		{dsl.UnknownPrimitive("shh"), "unknown runtime primitive 'shh' — expected sh, secret, jobs, read-file, read-json, write-file, log or env"},
		{dsl.Missing(secret, secret.Params[0]), "secret: name is missing"},
		{dsl.EmptySequence(sh, "cmd", false), "sh: cmd must be a non-empty sequence of strings or a shell string"},
		{dsl.EmptySequence(sh, "cmd", true), "sh: cmd must be a non-empty sequence of strings or a shell string, got a table without items"},
		{dsl.BadItem(sh, "cmd", "2", "number"), "sh: cmd[2] must be a string, got number"},
		{dsl.BadItem(sh, ":env", "FOO", "number"), "sh: :env[FOO] must be a string, got number"},
		{dsl.Mismatch(sh, "cmd", dsl.Command, "number", "42"), "sh: cmd must be a string or sequence of strings, got number"},
		{dsl.Mismatch(sh, "cmd", dsl.Command, "string", ""), ""},
		{dsl.Mismatch(sh, "cmd", dsl.Command, "table", ""), ""},
		{dsl.Mismatch(sh, "opts", dsl.Table, "string", "x"), "sh: opts must be a table, got string"},
		{dsl.Mismatch(sh, ":env", dsl.EnvMap, "table", ""), ""},
		{dsl.Mismatch(sh, ":timeout", dsl.Duration, "number", "90"), ""},
		{dsl.Mismatch(sh, ":timeout", dsl.Duration, "number", "0"), "sh: :timeout must be a number of seconds or a string such as \"90s\", got 0"},
		{dsl.Mismatch(sh, ":timeout", dsl.Duration, "string", "1m30s"), ""},
		{dsl.Mismatch(sh, ":timeout", dsl.Duration, "string", "soon"), "sh: :timeout must be a number of seconds or a string such as \"90s\", got \"soon\""},
		{dsl.Mismatch(sh, ":timeout", dsl.Duration, "boolean", "true"), "sh: :timeout must be a number of seconds or a string such as \"90s\", got boolean"},
		{dsl.Mismatch(sh, ":cwd", dsl.Path, "string", "a/../b"), ""},
		{dsl.Mismatch(sh, ":cwd", dsl.Path, "string", "a/../.."), "sh: :cwd leaves the workspace: a/../.."},
		{dsl.Mismatch(sh, ":cwd", dsl.Path, "string", "/etc"), "sh: :cwd leaves the workspace: /etc"},
		{dsl.Mismatch(sh, ":cwd", dsl.Path, "number", "1"), "sh: :cwd must be a string, got number"},
		{dsl.Mismatch(secret, "name", dsl.Secret, "number", "42"), ""},
		{dsl.Mismatch(secret, "name", dsl.Secret, "nil", "nil"), "secret: name must be a string, got nil"},
		{dsl.Mismatch(writeFile, "content", dsl.String, "table", ""), "write-file: content must be a string, got table"},
		{dsl.Mismatch(writeFile, "x", dsl.Any, "thread", ""), ""},
		{dsl.Mismatch(writeFile, "x", dsl.RunFn, "table", ""), "write-file: x must be a function, got table"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
	}
}

func TestCleanPath(t *testing.T) {
	for path, want := range map[string]string{"a": "a", "a/./b/": "a/b", "./a": "a", "a/../b": "b", ".": "", "": "", "a/..": "", "a\\b": "a\\b"} {
		if got, ok := dsl.CleanPath(path); !ok || got != want {
			t.Errorf("CleanPath(%q) = %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"/", "/a", "..", "../a", "a/../../b", "a\x00b"} {
		if got, ok := dsl.CleanPath(path); ok {
			t.Errorf("CleanPath(%q) = %q, want none", path, got)
		}
	}
}

func TestState(t *testing.T) {
	if got := fmt.Sprint(dsl.S1 | dsl.H); got != "S1,H" {
		t.Errorf("got %s", got)
	}
}
