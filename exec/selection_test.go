package exec_test

import (
	"path/filepath"
	"strings"
	"testing"

	"quire/exec"
)

const readsInputs = `(local {: job} (require :quire.ci))
(job :build [:quire/push] (fn [{: sh}] (sh ["true"]) {:artifact "built" :sizes [1 2]}))
(job :lint [:quire/push] (fn [{: sh}] (sh ["true"]) nil))
(job :deploy [:build :lint]
  (fn [{: jobs : log}]
    (let [b (jobs :build)]
      (log (.. b.artifact " " (length b.sizes) " " (tostring (jobs :lint)))))
    {}))
`

// TestInputs gives the outputs of jobs that do not run.
func TestInputs(t *testing.T) {
	f := pipelineFixture(t, readsInputs)
	path := filepath.Join(f.Base, "inputs.json")
	o := exec.Options{Only: []string{"deploy"}, Inputs: []string{path}}
	message := func(o exec.Options) string {
		t.Helper()
		_, events := f.succeed(o)
		for _, e := range events {
			if e.Type == exec.Log {
				return e.Message
			}
		}
		return ""
	}
	f.Write(path, `{"build": {"artifact": "given", "sizes": [1, 2, 3]}, "lint": null}`)
	if got, want := message(o), "given 3 nil"; got != want {
		t.Errorf("without an earlier run: %q, want %q", got, want)
	}
	f.succeed(exec.Options{Jobs: []string{"build", "lint"}})
	if got, want := message(o), "given 3 nil"; got != want {
		t.Errorf("after an earlier run: %q, want %q", got, want)
	}
	f.Write(path, `{"lint": ["x"]}`)
	if got, want := message(o), "built 2 table: "; !strings.HasPrefix(got, want) {
		t.Errorf("given in part: %q, want %q", got, want)
	}
	f.Write(path, `{"build": {"artifact": "given", "sizes": []}, "lint": {}}`)
	if got, want := message(exec.Options{Inputs: []string{path}}), "built 2 nil"; got != want {
		t.Errorf("of jobs that run: %q, want %q", got, want)
	}
}

func TestRefusedInputs(t *testing.T) {
	f := pipelineFixture(t, readsInputs)
	path := filepath.Join(f.Base, "inputs.json")
	for text, want := range map[string]string{
		`{"build": {`:              "cannot use the inputs: PATH:1:12: the text ends too early",
		"{\n \"build\" 1}":         "cannot use the inputs: PATH:2:10: ",
		`[1]`:                      `cannot use the inputs: PATH: expected an object such as {"build": {"artifact": "app"}}, got an array`,
		`null`:                     `cannot use the inputs: PATH: expected an object such as {"build": {"artifact": "app"}}, got null`,
		`{"build": "app"}`:         "cannot use the inputs: PATH: the outputs of 'build' must be an object, an array or null, got a string",
		`{"buidl": {}, "nix": {}}`: "unknown job: \"buidl\"; did you mean \"build\"?\nunknown job: \"nix\"",
	} {
		f.Write(path, text)
		_, events, err := f.run(exec.Options{Inputs: []string{path}})
		usage, ok := err.(*exec.UsageError)
		if want = strings.ReplaceAll(want, "PATH", path); !ok || !strings.HasPrefix(usage.Message, want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if output(events) != "" {
			t.Errorf("%s: something ran", text)
		}
	}
	for _, missing := range []string{filepath.Join(f.Base, "none.json"), f.Base} {
		_, _, err := f.run(exec.Options{Inputs: []string{missing}})
		if _, ok := err.(*exec.UsageError); !ok || !strings.HasPrefix(err.Error(), "cannot read the inputs: "+missing+": ") {
			t.Errorf("%s: %v", missing, err)
		}
	}
}
