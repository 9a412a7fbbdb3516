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

func TestLookup(t *testing.T) {
	if m, ok := dsl.LookupModule("quire.ci"); !ok || m.Name != "quire.ci" {
		t.Error("quire.ci is not found")
	} else if f, ok := m.Func("job"); !ok || f.Signature() != "(job id inputs run-fn)" {
		t.Error("job is not found in quire.ci")
	}
	sh, ok := dsl.LookupPrimitive("sh")
	if !ok || sh.Signature() != "(sh cmd ?opts)" {
		t.Fatal("sh is not found")
	}
	if _, ok := sh.Param("opts").Key("cwd"); !ok {
		t.Error("sh has no :cwd")
	}
	if _, ok := dsl.LookupSource("quire/push"); !ok {
		t.Error("quire/push is not found")
	}
	if _, ok := dsl.LookupGlobal("string.format"); !ok {
		t.Error("string.format is not found")
	}
	for name, want := range map[string]string{"io.open": "io.open", "io.tmpfile": "io", "debug.sethook": "debug", "os.exit": "os.exit"} {
		if a, ok := dsl.LookupAbsent(name); !ok || a.Name != want {
			t.Errorf("%s is not explained by %s", name, want)
		}
	}
	for _, name := range []string{"os.time", "foo", "string.format"} {
		if _, ok := dsl.LookupAbsent(name); ok {
			t.Errorf("%s is said to be absent", name)
		}
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ name, known, want string }{
		{"cwdir", "env cwd timeout", "cwd"},
		{"tiemout", "env cwd timeout", "timeout"},
		{"buidl", "test build deploy", "build"},
		{"build", "Build builds", "Build"},
		{"x", "y", ""},
		{"", "a", ""},
		{"quire/psuh", "quire/push", "quire/push"},
		{"deploy", "test build", ""},
		{"shh", "sh secret", "sh"},
	}
	for _, tt := range tests {
		got, ok := dsl.Nearest(tt.name, slices.Values(strings.Fields(tt.known)))
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q, %q) = %q, %v, want %q", tt.name, tt.known, got, ok, tt.want)
		}
	}
}

func TestMessages(t *testing.T) {
	sh, _ := dsl.LookupPrimitive("sh")
	message, nearest := sh.UnknownOption(sh.Param("opts"), "cwdir")
	if want := "sh: unknown field `cwdir`, expected `env`, `cwd` or `timeout`"; message != want || nearest != "cwd" {
		t.Errorf("got %q, %q, want %q, cwd", message, nearest, want)
	}
	message, nearest = dsl.UnknownPrimitive("shh")
	if want := "unknown runtime primitive 'shh' — expected sh, secret, jobs, read-file, read-json, write-file, log or env"; message != want || nearest != "sh" {
		t.Errorf("got %q, %q, want %q, sh", message, nearest, want)
	}
}

func TestState(t *testing.T) {
	if got := fmt.Sprint(dsl.S1 | dsl.H); got != "S1,H" {
		t.Errorf("got %s", got)
	}
}
