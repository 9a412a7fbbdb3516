package exec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
)

const secretOutputs = `(local {: job} (require :quire.ci))
(job :login [:quire/push]
  (fn [{: secret}] {:token (secret :token) :header (.. "Bearer " (secret :token)) :cost "$5" :forged "${other}"}))
(job :seal [:quire/push] (fn [{: secret : sh}] {:sealed (. (sh (.. "printf 'x%s' '" (secret :token) "' | base64")) :stdout)}))
(job :use [:login :seal]
  (fn [{: jobs : sh : log}]
    (let [{: token : header : cost : forged} (jobs :login)]
      (sh (.. "echo \"" header "\" | tr a-z b-za"))
      (log (.. token " " (length token) " " cost " " forged)))
    (log (select 2 (pcall jobs :seal)))))
(job :leak [:login] (fn [{: sh}] (sh "echo $ELSEWHERE")))
`

// TestSecretOutputs hands outputs that hold a secret to a machine that has
// another value for it, and to one that has none.
func TestSecretOutputs(t *testing.T) {
	f := pipelineFixture(t, secretOutputs)
	o := exec.Options{Secrets: map[string]exec.Secret{"token": {Value: "first-value"}, "other": {Value: "not-for-login"}}}
	o.Jobs = []string{"login", "seal"}
	report, _ := f.succeed(o)
	text, err := report.Results().JSON()
	if err != nil {
		t.Fatal(err)
	}
	meetsResultsSchema(t, text)
	for _, value := range []string{"first-value", "not-for-login"} {
		if strings.Contains(string(text), value) {
			t.Errorf("the value is in\n%s", text)
		}
	}
	given, err := exec.ParseResults("x", text)
	if err != nil {
		t.Fatal(err)
	}
	there := f.clone()
	there.Env = append(there.Env, "ELSEWHERE=second-value")
	o = exec.Options{Only: []string{"use", "leak"}, Given: given,
		Secrets: map[string]exec.Secret{"token": {Value: "second-value"}, "other": {Value: "not-for-login"}}}
	_, events := there.succeed(o)
	const want = `job_started use
sh_started use echo "Bearer {{ token }}" | tr a-z b-za
stdout "Bfbsfs tfdpoe-wbmvf\n"
sh_finished use 0
log use {{ token }} 12 $5 ${other}
log use jobs: the outputs of 'seal' cannot be read: they hold the value of a secret, which stays on its machine
job_finished use succeeded
`
	if diff := cmp.Diff(want, eventsOf(events, "use")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// What a job was told before is no news to the redaction.
	if got := output(events); strings.Contains(got, "second-value") || !strings.Contains(got, "{{ token }}") {
		t.Errorf("%s", got)
	}
	r, _, err := there.run(exec.Options{Only: []string{"use"}, Given: given})
	if err != nil || r.Outcome != exec.Failed {
		t.Fatalf("%v, %s", err, r.Outcome)
	}
	const refused = `jobs: the outputs of 'login' cannot be read: they hold the value of the secret "token": unknown secret: "token"`
	if got := r.Jobs[0].Failure.Diagnostic.Message; got != refused {
		t.Errorf("%s, want %s", got, refused)
	}
}

// TestForgedTemplates gives a job results that ask for secrets, or for what none
// can. It gets what it could ask for itself.
func TestForgedTemplates(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [] nil))
(job :b [:a] (fn [{: jobs : secret : log}]
  (log (select 2 (pcall #(. (jobs :a) :x))))
  (log (select 2 (pcall secret :nix)))
  nil))
`)
	for template, want := range map[string]string{
		"${token}":               "{{ token }}",
		"${nix}":                 `jobs: the outputs of 'a' cannot be read: they hold the value of the secret "nix": unknown secret: "nix"`,
		"${token|value.later-9}": `jobs: the outputs of 'a' cannot be read: they hold the value of the secret "token" in a form that it has not on this machine`,
		"$token":                 `jobs: the outputs of 'a' cannot be read: "$token" is no template`,
		"${token":                `jobs: the outputs of 'a' cannot be read: "${token" is no template`,
		"${%zz}":                 `jobs: the outputs of 'a' cannot be read: "%zz" names no secret`,
	} {
		given, err := exec.ParseResults("x", []byte(`{"version": 1, "jobs": {"a": {"outcome": "succeeded", "outputs": null, "withheld": "why", "template": {"x": "`+template+`"}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		_, events := f.succeed(exec.Options{Only: []string{"b"}, Given: given, Secrets: map[string]exec.Secret{"token": {Value: "correct-horse"}}})
		if got := eventsOf(events, "b"); !strings.Contains(got, "log b "+want+"\n") {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	for text, want := range map[string]string{
		`{"version": 1, "jobs": {"a": {"outcome": "succeeded", "outputs": {}, "withheld": "why", "template": {}}}}`:  "has a template",
		`{"version": 1, "jobs": {"a": {"outcome": "succeeded", "outputs": null, "template": {}}}}`:                   "has a template",
		`{"version": 1, "jobs": {"a": {"outcome": "succeeded", "outputs": null, "withheld": "why", "template": 1}}}`: "must be an object",
	} {
		if _, err := exec.ParseResults("x", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
