// Package plan says what an engine has to know of a pipeline to run its jobs,
// each where it likes: what they need, where they want to run and for how long,
// and which secrets they ask for. No run-fn is called to find out.
package plan

import (
	_ "embed"
	"slices"
	"time"

	"quire/analysis"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
)

// Version is the version of the JSON form. It grows with incompatible changes;
// further members are none.
const Version = 1

// Schema describes the JSON form, as a JSON Schema.
//
//go:embed plan.schema.json
var Schema []byte

// A Plan is the jobs of a pipeline. Its lists are never nil.
type Plan struct {
	Version  int    `json:"version"`
	Pipeline string `json:"pipeline"` // path of the file, relative to the root of the repository, with slashes
	Commit
	Image *string `json:"image"` // what (ci.image …) declares, or nil
	// Secrets are all whose names are written in the pipeline, in order.
	Secrets []string `json:"secrets"`
	Jobs    []Job    `json:"jobs"` // in the order they run one at a time
}

// A Commit says what a plan is of.
type Commit struct {
	SHA *string `json:"sha"` // full name of what is checked out, or nil without git
	// Changed reports that there are changes which are not committed.
	Changed bool `json:"changed"`
}

// A Job is one job of a plan.
type Job struct {
	ID string `json:"id"`
	// Needs are the jobs among its inputs, as they are listed, each once.
	Needs []string `json:"needs"`
	// Triggers are the sources among them.
	Triggers []string `json:"triggers"`
	Labels   []string `json:"labels"`
	Timeout  *float64 `json:"timeout_s"` // seconds; nil: none
	// Secrets are those whose names are written in the code that it runs, in
	// order. Unless they are certain it may ask for others.
	Secrets        []string `json:"secrets"`
	SecretsCertain bool     `json:"secrets_certain"`
	// Mirror reports that it pushes to another repository, and runs only when it
	// is asked for.
	Mirror bool `json:"mirror"`
}

// New returns the plan of a pipeline that loaded without errors.
func New(s *analysis.Snapshot, c Commit) *Plan {
	p := &Plan{Version: Version, Pipeline: pipeline.Path, Commit: c, Secrets: list(s.NamedSecrets()), Jobs: []Job{}}
	if image := s.Image(); image != "" {
		p.Image = &image
	}
	g := s.Graph()
	for _, j := range g.Order() {
		job := Job{ID: j.ID, Needs: []string{}, Triggers: []string{}, Labels: list(j.Labels), Timeout: seconds(j.Timeout), Mirror: j.Mirror}
		for _, in := range j.Inputs {
			if _, ok := g.Job(in.Name); ok {
				job.Needs = once(job.Needs, in.Name)
			} else if _, ok := dsl.FindSource(in.Name); ok {
				job.Triggers = once(job.Triggers, in.Name)
			}
		}
		secrets := s.SecretsOf(j.ID)
		job.Secrets, job.SecretsCertain = list(secrets.Names), secrets.Certain
		p.Jobs = append(p.Jobs, job)
	}
	return p
}

// TimeLimit returns how long the job may take; 0: as long as it does.
func (j Job) TimeLimit() time.Duration {
	if j.Timeout == nil {
		return 0
	}
	return time.Duration(*j.Timeout * float64(time.Second))
}

func list(names []string) []string { return append([]string{}, names...) }

func once(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func seconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	s := d.Seconds()
	return &s
}
