package exectest

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	quire "quire/exec"
)

// Run runs the pipeline of the repository and returns what was told of it. The
// report is never nil.
func (r *Repository) Run(ctx context.Context, o quire.Options) (*quire.Report, []quire.Event, error) {
	var mu sync.Mutex // an observer that was abandoned may still be told
	var events []quire.Event
	observe := o.Observe
	o.Environ = r.Env
	o.Observe = func(e quire.Event) {
		mu.Lock()
		events = append(events, e)
		mu.Unlock()
		if observe != nil {
			observe(e)
		}
	}
	request, err := quire.Local(r.Root, o)
	if err != nil {
		return &quire.Report{}, nil, err
	}
	report, err := quire.Run(ctx, request)
	mu.Lock()
	defer mu.Unlock()
	return report, slices.Clone(events), err
}

// Configure puts the secrets of the options into the global configuration of the
// home that r.Env names, where machines that run jobs find them, and takes them
// out of the options.
func (r *Repository) Configure(o *quire.Options) {
	r.t.Helper()
	if o.Secrets == nil {
		return
	}
	var b strings.Builder
	for name, secret := range o.Secrets {
		for _, variable := range r.Env {
			if value, ok := strings.CutPrefix(variable, secret.Env+"="); ok {
				fmt.Fprintf(&b, "%q %q ", name, value)
			}
		}
	}
	o.Secrets = nil
	r.WriteOwn(filepath.Join(r.Base, "config/quire/config.fnl"), "{:secrets {"+b.String()+"}}\n")
}

// CompareRuns runs each pipeline of testdata/run, which is dir, on this machine,
// and then with the options that elsewhere makes of the same options: it has
// machines ready that have r.Env for their environment, and says in On where
// they are. Everything that is told of the two runs is the same, up to times,
// ids, machines, and how output is cut: the error, the events of each job and of
// the run, the report, and what was pushed. Apart are the names of pipelines that
// can tell the difference, and how; they have to differ.
//
// The jobs run one at a time unless the case says otherwise: which of two jobs
// ends first is nothing that could be the same.
func CompareRuns(t *testing.T, dir string, elsewhere func(t *testing.T, r *Repository, o quire.Options) quire.Options, apart map[string]string) {
	t.Helper()
	EachCase(t, filepath.Join(dir, "*.txtar"), func(t *testing.T, file string, archive *txtar.Archive) {
		o := Options(t, Args(archive))
		o.Parallel = cmp.Or(o.Parallel, 1)
		r := New(t, archive)
		here := r.told(o)
		r = New(t, archive)
		r.Configure(&o)
		there := r.told(elsewhere(t, r, o))
		diff := gocmp.Diff(here, there)
		switch why := apart[strings.TrimSuffix(filepath.Base(file), ".txtar")]; {
		case why == "" && diff != "":
			t.Errorf("-here +elsewhere\n%s", diff)
		case why != "" && diff == "":
			t.Errorf("it is the same elsewhere, although %s", why)
		}
	})
}

// told runs the pipeline and returns all that is told of it, by what it is about.
func (r *Repository) told(o quire.Options) map[string]string {
	report, events, err := r.Run(context.Background(), o)
	told := map[string]string{"report": ReportText(report)}
	if err != nil {
		told["error"] = err.Error()
	}
	byJob := map[string][]quire.Event{}
	for _, e := range events {
		byJob[e.JobID] = append(byJob[e.JobID], e)
	}
	for job, events := range byJob {
		told["job "+job] = EventsText(events)
	}
	for _, name := range r.Bare {
		told["pushed to "+name] = r.GitIn(filepath.Join(r.Base, name), "for-each-ref", "--format=%(objectname) %(refname)")
	}
	for what, text := range told {
		told[what] = anywhere.ReplaceAllString(r.Scrub(report.Dir, report.ID, text), "$$WORKSPACE")
	}
	return told
}

// anywhere is a workspace on any machine.
var anywhere = regexp.MustCompile(`(\$\w+)?/[^\s"'=]*/workspaces/\d+`)
