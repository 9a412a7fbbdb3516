package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestSecretsInModules follows what asks for secrets into modules.
func TestSecretsInModules(t *testing.T) {
	const text = `(local {: job} (require :quire.ci))
(local lib (require :lib))
(job :a [:quire/push] (fn [{: secret}] (lib.token secret)))
(job :b [:a] (fn [rt] (lib.both rt) nil))
(job :c [:b] (fn [] nil))`
	const lib = `(fn token [secret] (secret :one))
(fn both [{: secret : sh}] (token secret) (secret :two))
{: token : both}`
	for _, tt := range []struct{ lib, want string }{
		{lib, "a [one] true, b [one two] true, c [] true, "},
		{`(local t {}) (fn t.token [s] (_G.keep s)) t`, "a [] false, b [] false, c [] false, "},
	} {
		s := analysis.New(source.NewFile(pipeline.Path, text), analysis.Options{
			Tree: fileMap{"lib.fnl": source.NewFile("lib.fnl", tt.lib)}})
		got := ""
		for _, j := range s.Graph().Jobs {
			use := s.SecretsOf(j.ID)
			got += fmt.Sprintf("%s %v %t, ", j.ID, use.Names, use.Certain)
		}
		if got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.lib, got, tt.want)
		}
	}
}

// TestSecrets names the secrets that jobs ask for, as far as the text says.
func TestSecrets(t *testing.T) {
	const head = "(local {: job : mirror : runtime} (require :quire.ci))\n"
	for _, tt := range []struct{ name, text, want string }{
		{"literal", `(job :a [:quire/push] (fn [{: secret}] (secret :one) (when x (secret "two")) (secret :one) nil))
(job :b [:a] (fn [rt] (rt.secret :three)))
(job :c [:a] (fn [] (runtime.secret :four)))
(job :d [:a] (fn [] nil))`, "a: one two; b: three; c: four; d: "},
		{"helpers", `(fn token [secret] (secret :one))
(fn both [{: secret : sh}] (token secret) (secret :two))
(job :a [:quire/push] (fn [{: secret}] (token secret)))
(job :b [:a] (fn [rt] (both rt)))
(job :c [:a] both)`, "a: one; b: one two; c: one two"},
		{"loop", `(each [_ id (ipairs [:a :b])] (job id [:quire/push] (fn [{: secret}] (secret :one))))`, "a: one; b: one"},
		{"computed", `(job :a [:quire/push] (fn [{: secret}] (secret :one) (secret (.. "t" "wo"))))
(job :b [:a] (fn [] nil))`, "a: one ?; b: "},
		{"parameter", `(fn get [secret name] (secret name))
(job :a [:quire/push] (fn [{: secret}] (get secret :one)))
(job :b [:a] (fn [] nil))`, "a: ?; b: "},
		{"handed on", `(job :a [:quire/push] (fn [{: secret}] (pcall secret :one)))
(job :b [:a] (fn [{: secret}] (secret :two)))`, "a: ?; b: two ?"},
		{"in a table", `(local t {})
(job :a [:quire/push] (fn [rt] (set t.rt rt) nil))
(job :b [:a] (fn [] (t.rt.secret :two)))`, "a: ?; b: ?"},
		{"mirror", `(mirror "url" {:tag #:x :secret :header})
(job :a [:quire/push] (fn [] nil))`, "quire/mirror: header; a: "},
		{"computed mirror", `(mirror "url" {:tag #:x :secret (.. "head" "er")})`, "quire/mirror: ?"},
		{"unused", `(fn lost [] (runtime.secret :one))
(job :a [:quire/push] (fn [] nil))`, "a:  | one"},
		{"lua", `(job :a [:quire/push] (lua "function(rt) return {rt.secret('x')} end"))`, "a: ?"},
	} {
		s := load(head+tt.text, nil)
		var got []string
		for _, j := range s.Graph().Jobs {
			use := s.SecretsOf(j.ID)
			names := use.Names
			if !use.Certain {
				names = append(names, "?")
			}
			got = append(got, fmt.Sprintf("%s: %s", j.ID, strings.Join(names, " ")))
		}
		text := strings.Join(got, "; ")
		for _, name := range s.NamedSecrets() {
			if !strings.Contains(text, name) {
				text += " | " + name
			}
		}
		if diff := cmp.Diff(tt.want, text); diff != "" {
			t.Errorf("%s: -want +got\n%s", tt.name, diff)
		}
	}
}
