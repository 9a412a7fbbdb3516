package exec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/exec"
	"quire/exec/exectest"
	"quire/exec/rundir"
)

// holding returns the files below dir that hold a text, in their content, their
// name or the target of a link.
func holding(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content := []byte(path)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			content = append(content, target...)
		} else if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = append(content, data...)
		}
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSecretIsNowhere(t *testing.T) {
	const value = "correct-horse\nbattery \"staple\""
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :uses [:quire/push]
  (fn [{: sh : secret : log}]
    (let [value (secret :token)]
      (sh ["echo" value])
      (sh "cat >&2 <<END\n$VALUE\nEND\n" {:env {:VALUE value}})
      (sh "printf '%s' \"$VALUE\" | head -c 14; sleep 0.2; printf '%s' \"$VALUE\" | tail -c +15" {:env {:VALUE value}})
      (sh "printf '%s\n' \"$VALUE\" | sed 's/^/> /'" {:env {:VALUE value}})
      (sh "exit 3; # $VALUE" {:env {:VALUE value}})
      (pcall sh [(.. "/no/such/" value)])
      (pcall sh ["true"] {:cwd value})
      (log value)
      (print value)
      {:outputs value value 1})))
(job :fails [:uses] (fn [{: jobs : sh}]
  (sh [:sh :-c "echo \"$0\"; exit 3" (. (jobs :uses) :outputs)])
  (error (.. "no login with " (. (jobs :uses) :outputs)))))`)
	path := filepath.Join(f.Base, "token")
	f.Write(path, value+"\n")
	var shown strings.Builder
	report, events, err := f.run(exec.Options{Secrets: map[string]exec.Secret{"token": {File: path}},
		Observe: func(e exec.Event) { fmt.Fprintf(&shown, "%+v\n", e) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := "{{ token }}\n{{ token }}\n> {{ token }}\n> {{ token }}\n{{ token }}\n"; output(events) != want {
		t.Errorf("output %q, want %q", output(events), want)
	}
	fmt.Fprint(&shown, f.reportText(report))
	for _, text := range []string{value, "battery"} {
		if strings.Contains(shown.String(), text) {
			t.Errorf("observers and the report show %q:\n%s", text, &shown)
		}
		if found := holding(t, filepath.Join(f.Base, "state"), text); len(found) > 0 {
			t.Errorf("%q stands in %q", text, found)
		}
	}
	if !strings.Contains(shown.String(), "no login with {{ token }}") {
		t.Errorf("the failure is not shown:\n%s", &shown)
	}
}

func TestSecrets(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push]
  (fn [{: sh : secret : log}]
    (each [_ name (ipairs [:plain :file :missing :env :unset :given])]
      (let [(ok value) (pcall secret name)]
        (log (.. name " " (tostring ok) " " (if ok (length value) value)))))
    (sh ["sh" "-c" "printf 'changed 12345' > \"$0\"" (sh-path)])
    (log (tostring (length (secret :file))))))`)
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), strings.ReplaceAll(
		mustRead(t, filepath.Join(f.Root, ".quire/ci.fnl")), "(sh-path)", fmt.Sprintf("%q", filepath.Join(f.Base, "config/quire/file.txt"))))
	f.WriteOwn(filepath.Join(f.Base, "config/quire/config.fnl"), `; made by hand
(local plain (.. "plain" "-value"))
{:secrets {: plain
           :file {:file "file.txt"}
           :missing {:file "missing.txt"}
           :given "from the configuration"}}`)
	f.WriteOwn(filepath.Join(f.Base, "config/quire/file.txt"), "first\n\n")
	f.Env = append(f.Env, "FROM_ENV=seven77")
	_, events := f.succeed(exec.Options{Secrets: map[string]exec.Secret{
		"env": {Env: "FROM_ENV"}, "unset": {Env: "NOT_SET"}, "given": {Value: "given!"}}})
	var logs []string
	for _, e := range events {
		if e.Type == exec.Log && !strings.Contains(e.Message, "fewer than the 8") {
			logs = append(logs, strings.ReplaceAll(e.Message, f.Base, "$BASE"))
		}
	}
	want := []string{"plain true 11", "file true 6",
		"missing false secret resolution failed: $BASE/config/quire/missing.txt: no such file or directory",
		"env true 7", "unset false secret resolution failed: the environment variable NOT_SET is not set", "given true 6", "6"}
	if diff := cmp.Diff(want, logs); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConfig(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty table", "{}", "succeeded"},
		{"unknown keys", "{:secrets {:a {:file \"x\" :mode 1}} :oops {}}",
			"succeeded\nC:1:36: warning[config]: unknown key `oops` in the configuration is ignored\n" +
				"C:1:26: warning[config]: unknown key `mode` of the secret `a` is ignored"},
		{"server", "{:server :H}", "succeeded"},
		{"no such server", "{:server :S9}", "succeeded\nC:1:2: warning[config]: :server is ignored: expected one of S1, S2, H"},
		{"server of no name", "{:server {:S1 true}}", "succeeded\nC:1:2: warning[config]: :server is ignored: expected one of S1, S2, H"},
		{"syntax", "{:secrets {:a \"x\"}", "failed\nC:1:1: error[config]: "},
		{"raises", "(error \"boom\")", "failed\nC:1:1: error[config]: boom"},
		{"unknown name", "{:secrets\n  nowhere}", "failed\nC:2:3: error[config]: unknown identifier: nowhere"},
		{"empty", "; nothing", "failed\nC:1:1: error[config]: the configuration is empty"},
		{"nil", "nil", "failed\nC:1:1: error[config]: the configuration is empty"},
		{"number", "42", "failed\nC:1:1: error[config]: the configuration is not a table"},
		{"list", "[1 2]", "failed\nC:1:1: error[config]: the configuration is not a table"},
		{"function", "{:secrets {:a (fn [] 1)}}", "failed\nC:1:1: error[config]: the configuration cannot be used: what stands at \"secrets.a\" is no plain data"},
		{"secrets", "{:secrets 1}", "failed\nC:1:2: error[config]: :secrets is not a table of names and values"},
		{"secret", "{:secrets {:a 1}}", "failed\nC:1:12: error[config]: the secret `a` is neither a string nor a table with the path of a :file"},
		{"no file", "{:secrets {:a {:flie \"x\"}}}", "failed\nC:1:12: error[config]: the secret `a` is neither"},
		{"reaches out", "(os.execute \"true\")", "failed\nC:1:2: error[config]: "},
		{"bad example", diag.Config.Entry().Bad, "failed\nC:1:2: error[config]: :secrets is not a table of names and values"},
		{"good example", diag.Config.Entry().Good, "succeeded"},
		{"endless", "(while true nil)", "failed\nC:1:1: error[config]: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, script("true"))
			path := filepath.Join(f.Base, "C")
			f.WriteOwn(path, tt.text)
			report, _, err := f.run(exec.Options{Config: path})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{string(report.Outcome)}
			for _, d := range report.Diagnostics {
				got = append(got, strings.ReplaceAll(d.Error(), f.Base+"/", ""))
			}
			if text := strings.Join(got, "\n"); text != tt.want && (!strings.HasSuffix(tt.want, " ") && !strings.HasSuffix(tt.want, "neither") || !strings.HasPrefix(text, tt.want)) {
				t.Errorf("got\n%s\nwant\n%s", text, tt.want)
			}
		})
	}
}

func TestStoredFiles(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job "a/b" [:quire/push] (fn [] nil))`)
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), `(local {: job} (require :quire.ci))
(job ".. ö" [:quire/push] (fn [{: sh}] (sh ["echo" "hello"]) {:n 1}))`)
	report, _ := f.succeed(exec.Options{})
	real, err := filepath.EvalSymlinks(report.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = filepath.WalkDir(real, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		if !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, real+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"events.jsonl", "jobs/%2E.%20%C3%B6/outputs.json", "jobs/%2E.%20%C3%B6/sh-1.log", "lock", "meta.yml", "report.json", "resume.json", "times.yml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files of the run (-want +got):\n%s", diff)
	}
	if got := filepath.Base(filepath.Dir(real)); got != "complete" {
		t.Errorf("the run is in %s", got)
	}
	meta, err := rundir.ReadMeta(real)
	if err != nil || meta.Ref != "refs/heads/main" || len(meta.SHA) != 40 || meta.Root != f.Root {
		t.Errorf("meta %+v, %v", meta, err)
	}
	var stored map[string]any
	if err := json.Unmarshal([]byte(mustRead(t, filepath.Join(real, "report.json"))), &stored); err != nil {
		t.Fatal(err)
	}
	if stored["id"] != report.ID || stored["outcome"] != "succeeded" {
		t.Errorf("report.json: %v", stored)
	}
}

// TestKeptWorkspace checks that the workspace of the last failed run is kept,
// and no other.
func TestKeptWorkspace(t *testing.T) {
	f := pipelineFixture(t, script("echo left > left; mkdir -p ro/x && chmod 500 ro; test -n \"$OK\""))
	var dirs []string
	for _, ok := range []string{"", "", "1"} {
		f.Env = append(f.Env, "OK="+ok)
		report, _, err := f.run(exec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, filepath.Join(report.Dir, "workspace"))
	}
	for i, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "left"))
		if kept := err == nil; kept != (i == 1) {
			t.Errorf("workspace %d: %q, %v", i, text, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(f.Base, "state/quire/runs/*/workspaces/*/left")); len(left) != 1 {
		t.Errorf("left in the slots: %v, want what the last run left", left)
	}
}

func TestEarlierOutputs(t *testing.T) {
	const text = `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh ["true"]) {:n 41 :list [1 2]}))
(job :none [:quire/push] (fn [{: sh}] (sh ["true"]) nil))
(job :unstored [:quire/push] (fn [] {:f #1}))
(job :b [:a :none :unstored]
  (fn [{: jobs : log}] (log (.. (+ 1 (. (jobs :a) :n)) " " (length (. (jobs :a) :list)) " " (tostring (jobs :none))))
    (log (select 2 (pcall jobs :unstored)))))
`
	f := pipelineFixture(t, text)
	messages := func(o exec.Options) string {
		t.Helper()
		report, events, err := f.run(o)
		if err != nil {
			t.Fatal(err)
		}
		var logs []string
		for _, e := range events {
			if e.Type == exec.Log {
				logs = append(logs, e.Message)
			}
		}
		for _, j := range report.Jobs {
			if j.Failure != nil {
				logs = append(logs, j.Failure.Diagnostic.Message)
			}
		}
		return strings.Join(logs, "\n")
	}
	only := exec.Options{Only: []string{"b"}}
	const notRun = "job 'a' was not run; run it too or pass --inputs"
	if got := messages(only); got != notRun {
		t.Errorf("without an earlier run: %q", got)
	}
	f.succeed(exec.Options{Jobs: []string{"a", "none", "unstored"}})
	if got, want := messages(only), "42 2 nil\njob 'unstored' was not run; run it too or pass --inputs"; got != want {
		t.Errorf("after an earlier run: %q, want %q", got, want)
	}
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), "; moved\n"+text)
	if got := messages(only); !strings.HasPrefix(got, "42 2 nil") {
		t.Errorf("after the job moved: %q", got)
	}
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"), strings.Replace(text, "41", "40", 1))
	if got := messages(only); got != notRun {
		t.Errorf("after the job changed: %q", got)
	}
}

// TestNoRunWithoutPipeline checks that nothing is recorded of a pipeline that
// does not load.
func TestNoRunWithoutPipeline(t *testing.T) {
	f := pipelineFixture(t, "(local x")
	report, events, err := f.run(exec.Options{})
	if err != nil || report.Outcome != exec.Failed || !report.Diagnostics.HasErrors() || report.ID != "" || report.Dir != "" {
		t.Errorf("%+v, %v", report, err)
	}
	if got := exectest.EventsText(events); got != "run_finished pipeline_failure\n" {
		t.Errorf("events %s", got)
	}
	if _, err := os.Stat(filepath.Join(f.Base, "state")); err == nil {
		t.Error("something was stored")
	}
}

// TestInternal has the machine refuse.
func TestInternal(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	f.Write(filepath.Join(f.Root, ".git/index"), "no index")
	report, events, err := f.run(exec.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "the workspace cannot be made: git add: ") {
		t.Errorf("error %v", err)
	}
	if got, want := f.reportText(report), "internal\nscript not-run\n"; got != want {
		t.Errorf("report %s", got)
	}
	if got, want := exectest.EventsText(events), "run_finished internal\n"; got != want {
		t.Errorf("events %s", got)
	}
	if real, err := filepath.EvalSymlinks(report.Dir); err != nil || filepath.Base(filepath.Dir(real)) != "failed" {
		t.Errorf("recorded at %s, %v", real, err)
	}
	if stored := mustRead(t, filepath.Join(report.Dir, "report.json")); !strings.Contains(stored, `"error": "the workspace cannot be made`) {
		t.Errorf("report.json: %s", stored)
	}
}

func TestParallelRuns(t *testing.T) {
	f := pipelineFixture(t, script("pwd; echo x > mine; sleep 0.05; cat mine"))
	done := make(chan *exec.Report)
	for range 3 {
		go func() {
			r, err := exec.Local(f.Root, exec.Options{Environ: f.Env})
			if err != nil {
				t.Error(err)
			}
			report, err := exec.Run(context.Background(), r)
			if err != nil {
				t.Error(err)
			}
			done <- report
		}()
	}
	for range 3 {
		if r := <-done; r.Outcome != exec.Succeeded {
			t.Errorf("outcome %s\n%s", r.Outcome, f.reportText(r))
		}
	}
}
