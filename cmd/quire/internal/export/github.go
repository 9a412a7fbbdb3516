package export

import (
	"strings"

	"quire/analysis/plan"
)

const githubComment = "# Written by quire ci export github: write it again when jobs of the pipeline change.\n" +
	"# Secrets are those of the repository, under the names of their variables.\n"

// defaultRunner is where jobs run that have no labels.
const defaultRunner = "ubuntu-latest"

// literal returns a text in which GitHub finds no expression.
func literal(text string) string { return strings.ReplaceAll(text, "${{", "${{ '${{' }}") }

// github writes a workflow of GitHub Actions.
func github(p *plan.Plan, o Options) ([]byte, error) {
	all, err := steps(p, o)
	if err != nil {
		return nil, err
	}
	jobs := mapping{}
	for _, s := range all {
		jobs.add(s.key, s.github(o))
	}
	return document(githubComment, mapping{
		{"name", "quire"},
		{"on", []string{"push"}},
		{"permissions", mapping{{"contents", "read"}}},
		{"jobs", jobs},
	})
}

func (s step) github(o Options) mapping {
	m := mapping{{"name", literal(s.ID)}}
	if s.ID == "" {
		m = mapping{{"name", s.key}}
	}
	labels := []string{defaultRunner}
	if len(s.Labels) > 0 {
		labels = nil
		for _, label := range s.Labels {
			labels = append(labels, literal(label))
		}
	}
	m.add("runs-on", labels)
	if len(s.needs) > 0 {
		m.add("needs", s.needs)
	}
	if n := s.minutes(); n > 0 {
		m.add("timeout-minutes", n)
	}
	steps := []mapping{{{"uses", "actions/checkout@v4"}}}
	for _, need := range s.needs {
		steps = append(steps, mapping{{"uses", "actions/download-artifact@v4"},
			{"with", mapping{{"name", results + "-" + need}, {"path", results}}}})
	}
	script := append([]string{}, o.Before...)
	script = append(script, "mkdir -p "+results, s.command(`"$GITHUB_REF"`))
	run := mapping{{"name", "quire ci run"}, {"shell", "sh"}, {"run", literal(strings.Join(script, "\n")) + "\n"}}
	if len(s.secrets) > 0 {
		env := mapping{}
		for _, one := range s.secrets {
			env.add(one.variable, "${{ secrets."+one.variable+" }}")
		}
		run.add("env", env)
	}
	steps = append(steps, run, mapping{{"uses", "actions/upload-artifact@v4"}, {"if", "always()"},
		{"with", mapping{{"name", results + "-" + s.key}, {"path", results + "/" + s.key + ".*"}, {"if-no-files-found", "ignore"}}}})
	m.add("steps", steps)
	return m
}
