package export

import (
	"fmt"
	"strings"

	"quire/analysis/plan"
)

// maxNeeds is how many jobs one may need in GitLab.
const maxNeeds = 50

const gitlabComment = "# Written by quire ci export gitlab. Secrets are CI/CD variables of these names.\n"

// gitlab writes a pipeline of GitLab CI.
func gitlab(p *plan.Plan, o Options) ([]byte, error) {
	all, err := steps(p, o)
	if err != nil {
		return nil, err
	}
	doc := mapping{{"stages", []string{"quire"}}}
	for _, s := range all {
		if len(s.needs) > maxNeeds {
			return nil, fmt.Errorf("job '%s' needs %d jobs, and GitLab allows %d", s.ID, len(s.needs), maxNeeds)
		}
		doc.add(s.key, s.gitlab(o))
	}
	return document(gitlabComment, doc)
}

func (s step) gitlab(o Options) mapping {
	needs := []mapping{}
	for _, need := range s.needs {
		needs = append(needs, mapping{{"job", need}, {"artifacts", true}})
	}
	m := mapping{{"stage", "quire"}, {"needs", needs}}
	if len(s.Labels) > 0 {
		var tags []string
		for _, label := range s.Labels {
			tags = append(tags, strings.ReplaceAll(label, "$", "$$")) // which would name a variable
		}
		m.add("tags", tags)
	}
	if n := s.minutes(); n > 0 {
		m.add("timeout", fmt.Sprintf("%d minutes", n))
	}
	script := append([]string{}, o.Before...)
	script = append(script, "mkdir -p "+results,
		`if [ -n "$CI_COMMIT_TAG" ]; then QUIRE_REF="refs/tags/$CI_COMMIT_TAG"; else QUIRE_REF="refs/heads/$CI_COMMIT_REF_NAME"; fi`,
		s.command(`"$QUIRE_REF"`))
	m.add("script", script)
	m.add("artifacts", mapping{{"when", "always"}, {"paths", []string{file(s.key), junit(s.key)}},
		{"reports", mapping{{"junit", junit(s.key)}}}})
	return m
}
