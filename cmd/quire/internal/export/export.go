// Package export writes the plan of a pipeline in the forms of CI engines. Each
// job becomes a step that calls quire ci run --only, with the results of the jobs
// that it needs; the engine brings machines, secrets and logs.
//
// Ids of jobs may be any text. What an engine reads as code, a name or a pattern
// is made from their [key]; where they stand as they are, they are quoted for
// the shell and for what the engine itself expands.
package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"quire/analysis/plan"
)

// Options say how jobs are run.
type Options struct {
	Before []string // shell commands that each step runs first
	Mirror bool     // with the job that pushes to another repository
}

// An Engine is a form that a plan can be written in.
type Engine struct {
	Name  string
	Title string
	// Write returns the plan as the engine reads it, the same for the same plan.
	// The error says what the engine has no way to express.
	Write func(*plan.Plan, Options) ([]byte, error)
}

// Engines returns the engines in the order of their names.
func Engines() []Engine {
	return []Engine{
		{"buildkite", "a pipeline in JSON for buildkite-agent pipeline upload", buildkite},
		{"github", "a workflow of GitHub Actions, to be committed", github},
		{"gitlab", "a pipeline of GitLab CI, also for a child pipeline", gitlab},
	}
}

// results is the directory, in the checkout, of what steps hand on.
const results = "quire-results"

// margin is how much longer than a job its step may take: quire ends the job,
// and has to say so before the engine ends quire.
const margin = 5 * time.Minute

// A step is a job as engines see it.
type step struct {
	plan.Job
	key     string
	needs   []string // keys
	secrets []secret
}

// A secret is one that a step has from a variable.
type secret struct{ name, variable string }

// steps returns the steps of a plan.
func steps(p *plan.Plan, o Options) ([]step, error) {
	variables, err := variablesOf(p.Secrets)
	if err != nil {
		return nil, err
	}
	keys, taken := map[string]string{}, map[string]bool{}
	var all []step
	for _, job := range p.Jobs {
		if job.Mirror && !o.Mirror {
			continue
		}
		k := key(job.ID)
		if taken[strings.ToLower(k)] { // where files and names differ in more than case
			k = hashed(job.ID)
		}
		if taken[strings.ToLower(k)] {
			return nil, fmt.Errorf("two jobs would have the key %s: give job '%s' another id", k, job.ID)
		}
		keys[job.ID], taken[strings.ToLower(k)] = k, true
		s := step{Job: job, key: keys[job.ID]}
		for _, id := range job.Needs {
			if need, ok := keys[id]; ok {
				s.needs = append(s.needs, need)
			}
		}
		names := job.Secrets
		if !job.SecretsCertain {
			names = p.Secrets
		}
		for _, name := range names {
			s.secrets = append(s.secrets, secret{name, variables[name]})
		}
		all = append(all, s)
	}
	return all, nil
}

// reserved are the keys that an engine reads as something else.
var reserved = []string{"after_script", "before_script", "cache", "default", "false", "image", "include", "no", "null", "off", "on", "pages", "services",
	"spec", "stages", "true", "types", "variables", "workflow", "yes"}

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// key returns a name for a job that every engine takes for one: the id if
// possible, else what is left of it with a part of its hash.
func key(id string) string {
	if plain.MatchString(id) && !slices.Contains(reserved, strings.ToLower(id)) {
		return id
	}
	return hashed(id)
}

// hashed returns the words of an id with a part of its hash.
func hashed(id string) string {
	sum := sha256.Sum256([]byte(id))
	word := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(id, "-"), "-")
	if len(word) > 40 {
		word = word[:40]
	}
	if word == "" || word[0] <= '9' {
		word = strings.TrimSuffix("job-"+word, "-")
	}
	return word + "-" + hex.EncodeToString(sum[:4])
}

// variablesOf returns the variable of the environment that holds each secret: its
// name in capitals.
func variablesOf(names []string) (map[string]string, error) {
	variable := func(name string) string {
		v := strings.Trim(regexp.MustCompile(`[^A-Z0-9]+`).ReplaceAllString(strings.ToUpper(name), "_"), "_")
		if v == "" || v[0] <= '9' || strings.HasPrefix(v, "GITHUB_") || strings.HasPrefix(v, "CI_") || strings.HasPrefix(v, "BUILDKITE_") {
			v = strings.TrimSuffix("SECRET_"+v, "_")
		}
		return v
	}
	taken := map[string]string{}
	all := map[string]string{}
	for _, name := range names {
		if strings.Contains(name, "=") {
			return nil, fmt.Errorf("the secret %q cannot be given on a command line: its name holds '='", name)
		}
		v := variable(name)
		if other, twice := taken[v]; twice {
			return nil, fmt.Errorf("the secrets %q and %q would be in one variable, %s: rename one", other, name, v)
		}
		taken[v] = name
		all[name] = v
	}
	return all, nil
}

// file returns the path of what a step hands on.
func file(key string) string { return results + "/" + key + ".json" }

// junit returns the path of the report of a step.
func junit(key string) string { return results + "/" + key + ".xml" }

// command returns the shell command of a step, one argument a line, with the
// expression of the shell that gives the ref which was pushed.
func (s step) command(ref string) string {
	words := []string{"quire ci run --in-place --output prefix --only=" + quote(s.ID), "--ref=" + ref}
	for _, need := range s.needs {
		words = append(words, "--inputs="+file(need))
	}
	for _, one := range s.secrets {
		// It is given when the engine has it; a job may do without.
		words = append(words, fmt.Sprintf("${%s+--secret=%s}", one.variable, quote(one.name+"=env:"+one.variable)))
	}
	words = append(words, "--outputs="+file(s.key), "--junit="+junit(s.key))
	return strings.Join(words, " \\\n  ")
}

// minutes returns the limit of the step in whole minutes; 0: none.
func (s step) minutes() int {
	if s.Timeout == nil {
		return 0
	}
	return int(math.Ceil((s.TimeLimit() + margin).Minutes()))
}

var unquoted = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

// quote returns a word as a POSIX shell reads it.
func quote(word string) string {
	if unquoted.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
