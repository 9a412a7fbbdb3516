package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec/rundir"
)

// An order is what a request has that is one job of a [Work].
type order struct {
	about *gitManifest // nil without git
	files string       // of the parcel, which differ from those of the commit; with git
}

// Order makes the request for one job of a work, in a directory that [Unpack]
// made. Given is what came back of the jobs that it needs, directly or not, as far
// as they ran, in the order of the work: their results, and the files that they
// left. Of the options State, Config, Environ, Secrets, Observe, Kill,
// ContainerRuntime, Leave, Carry and what they say of isolation count: it wins over what the
// work asks for.
//
// The run has no place to record itself but State, and is an error of [Run] when
// it cannot. The records of jobs stay there until the caller removes them, with
// their workspaces: what is below State belongs to works that the caller knows.
func Order(dir string, w *Work, job string, given []JobDone, o Options) (Request, error) {
	if err := checkVersion("the work", w.Version); err != nil {
		return Request{}, err
	}
	ctx := context.Background()
	o = w.options(job, given, o)
	r := Request{options: o, env: o.Environ}
	if o.Environ == nil {
		r.env = os.Environ()
	}
	if err := o.check(); err != nil {
		return Request{}, err
	}
	if err := r.unpacked(dir, w); err != nil {
		return Request{}, err
	}
	if err := r.findState(ctx); err != nil {
		return Request{}, err
	}
	if err := r.findConfig(ctx); err != nil {
		return Request{}, err
	}
	if err := r.takeGiven(w, given); err != nil {
		return Request{}, err
	}
	var err error
	r.id, err = rundir.NewID()
	return r, err
}

// options returns the options of the run of one job, from those of a worker.
func (w *Work) options(job string, given []JobDone, worker Options) Options {
	o := Options{Only: []string{job}, Timeout: time.Duration(w.Timeout * float64(time.Second)), Container: w.Container, ContainerArgs: w.ContainerArgs,
		Sandbox: w.Sandbox, Net: w.Net, Secrets: worker.Secrets, Config: worker.Config, State: worker.State, Environ: worker.Environ,
		Observe: worker.Observe, Kill: worker.Kill, Leave: worker.Leave, Carry: worker.Carry}
	for _, done := range given {
		if done.Files != "" {
			o.Arrive = append(o.Arrive, done.Files)
		}
	}
	if worker.Container || worker.Sandbox {
		o.Container, o.ContainerArgs, o.Sandbox, o.Net = worker.Container, worker.ContainerArgs, worker.Sandbox, worker.Net
	}
	if o.Container {
		o.ContainerRuntime = worker.ContainerRuntime
	}
	return o
}

// unpacked takes the pipeline and its repository from a directory that [Unpack]
// made.
func (r *Request) unpacked(dir string, w *Work) error {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return err
	}
	m, err := parseManifest(text)
	if err != nil {
		return err
	}
	root, err := filepath.EvalSymlinks(filepath.Join(dir, repositoryDir))
	if err != nil {
		return err
	}
	r.order = &order{about: m.Git, files: filepath.Join(dir, filesDir)}
	r.source = &Source{Root: root, Tree: Dir(root), Where: root, repo: repository{root: root}}
	if m.Git != nil {
		g, err := newGit(r.env, root, root)
		if err != nil {
			return err
		}
		gitDir := filepath.Join(root, gitName)
		r.source.repo.vcs = &gitRepository{g, gitDir, gitDir, m.Git.Format}
		r.source.SHA, r.named = m.Git.SHA, m.Git.Ref
		r.source.Tree = commitTree{g, m.Git.SHA}
	}
	files := map[string]*source.File{}
	for name, text := range w.Files {
		files[name] = source.NewFile(name, text)
	}
	if w.Pipeline != "" && files[pipeline.Path] != nil {
		files[pipeline.Path] = source.NewFile(w.Pipeline, w.Files[pipeline.Path])
	}
	r.tree = source.Overlay(r.source.Tree, files)
	r.source.File, err = r.tree.Read(pipeline.Path)
	return err
}

// takeGiven puts together what the work and its jobs give. What a job needs and
// has no result was not to be had when the run began.
func (r *Request) takeGiven(w *Work, given []JobDone) error {
	list := []*Results{{Push: &w.Push}}
	texts := []json.RawMessage{w.Given}
	for _, done := range given {
		texts = append(texts, done.Results)
	}
	for _, text := range texts {
		if text == nil {
			continue
		}
		one, err := ParseResults("what the job is given", text)
		if err != nil {
			return err
		}
		one.Push = nil // it is in the work
		list = append(list, one)
	}
	var err error
	r.given, err = MergeResults(list...)
	if err == nil {
		r.given.partial = true
	}
	return err
}

// Done returns what goes back of a job when its run has ended. The error says
// why the job did not run, as when the pipeline cannot be loaded on this machine.
func (r *Report) Done(job string) (JobDone, error) {
	one, ok := r.Result(job)
	if !ok || one.Outcome == NotRun || !slices.Contains(ended, one.Outcome) {
		return JobDone{}, fmt.Errorf("job '%s' did not run%s", job, r.fault())
	}
	report, err := os.ReadFile(filepath.Join(r.Dir, reportFile))
	if err != nil {
		return JobDone{}, err
	}
	results, err := (&Results{Jobs: map[string]JobResult{job: one}}).JSON()
	return JobDone{Report: report, Results: results, Files: r.Left, Notices: r.NotCarried}, err
}

// fault says what is wrong with the pipeline or the image, behind a colon, if
// something is.
func (r *Report) fault() string {
	for _, d := range r.Diagnostics {
		switch {
		case d.Severity() != diag.Error:
		case d.File == nil:
			return ": " + d.Message
		default:
			at := d.File.Position(d.Span.Start)
			return fmt.Sprintf(": %s:%d:%d: %s", d.File.Name(), at.Line, at.Column, d.Message)
		}
	}
	return ""
}
