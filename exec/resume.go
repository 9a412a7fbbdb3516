package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quire/analysis/pipeline"
	"quire/exec/rundir"
)

// leftFile is the name of the file in the directory of a run that says what a
// run that resumes it has to know. Beside it are the workspace, what is known
// of the files that were put there, report.json, and the outputs of jobs.
const leftFile = "resume.json"

// leftVersion is the version of its form.
const leftVersion = 2

// A left is what a run leaves for one that resumes it.
type left struct {
	Version int      `json:"version"`
	InPlace bool     `json:"in_place,omitempty"`
	On      string   `json:"on,omitempty"`
	Slot    string   `json:"slot,omitempty"` // path that the workspace had
	SHA     string   `json:"sha,omitempty"`  // of the commit that was named
	Head    head     `json:"head"`
	Push    Push     `json:"push"`
	Jobs    []string `json:"jobs,omitempty"` // options, as is what follows
	Only    []string `json:"only,omitempty"`
	Except  []string `json:"except,omitempty"`
	Mirror  bool     `json:"mirror,omitempty"`
	Inputs  []string `json:"inputs,omitempty"` // paths of files
	Given   bool     `json:"given,omitempty"`  // further results were given, which are not stored

	Container        bool   `json:"container,omitempty"`
	ContainerRuntime string `json:"container_runtime,omitempty"`
	ContainerArgs    int    `json:"container_args,omitempty"` // how many; they may hold what is not to be stored
	Sandbox          bool   `json:"sandbox,omitempty"`
	Net              bool   `json:"net,omitempty"`
	// Forms are hashes of what each job of the pipeline is made of.
	Forms map[string]string `json:"forms"`
}

// A head is where HEAD of the user's repository was.
type head struct {
	SHA string `json:"sha,omitempty"`
	Ref string `json:"ref,omitempty"` // empty when it is detached
}

// leave stores what a run that resumes this one has to know.
func (x *execution) leave(w *workspace, p Push) error {
	o := x.request.options
	l := left{Version: leftVersion, InPlace: o.InPlace, On: o.On, SHA: x.request.source.SHA, Head: w.head, Push: p,
		Jobs: o.Jobs, Only: o.Only, Except: o.Except, Mirror: o.Mirror, Given: o.Given != nil,
		Container: o.Container, ContainerRuntime: o.ContainerRuntime, ContainerArgs: len(o.ContainerArgs), Sandbox: o.Sandbox, Net: o.Net,
		Forms: jobForms(x.pipe)}
	if x.slot != nil {
		l.Slot = x.slot.Dir()
	}
	for _, name := range o.Inputs {
		path, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		l.Inputs = append(l.Inputs, path)
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return x.run.Write(leftFile, text)
}

// A resumed is a run that another one goes on with.
type resumed struct {
	rundir.Entry
	left
	report storedReport
}

// FindResumed is [Find] for the run that options name with Resume: it finds the
// pipeline where that run had it.
func FindResumed(path string, o Options) (*Source, error) {
	r := Request{options: o, env: os.Environ()}
	ctx := context.Background()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := r.findState(ctx); err != nil {
		return nil, err
	}
	if err := r.findResumed(ctx, path); err != nil {
		return nil, err
	}
	return find(ctx, r.env, path, r.resumed.SHA)
}

// findResumed finds the run to go on with, checks that this can be done, and
// takes from it the options that say what the run is of. The error is a
// [*UsageError] when it cannot be resumed.
func (r *Request) findResumed(ctx context.Context, path string) error {
	repo, err := discoverAt(ctx, r.env, path)
	if err != nil {
		return err
	}
	store, err := existingStore(r.state, repo.root)
	if err != nil {
		return err
	}
	entry, err := pick(store, r.options.Resume)
	if err != nil {
		return err
	}
	old := &resumed{Entry: entry}
	if err := old.read(); err != nil {
		return err
	}
	if err := old.checkHead(ctx, repo); err != nil {
		return err
	}
	r.resumed = old
	o := &r.options
	if len(o.Jobs)+len(o.Only)+len(o.Except) == 0 {
		o.Jobs, o.Only, o.Except = old.Jobs, old.Only, old.Except
	}
	if len(o.Inputs) == 0 && o.Given == nil {
		if old.Given {
			return &UsageError{fmt.Sprintf("run %s was given results of other jobs, which are not stored: give --inputs again", old.ID)}
		}
		o.Inputs = old.Inputs
	}
	o.Mirror = o.Mirror || old.Mirror
	if o.Container || o.Sandbox {
		return nil
	}
	if old.ContainerArgs > 0 {
		return &UsageError{fmt.Sprintf("run %s had arguments for its container, which are not stored: give --container and --container-arg again", old.ID)}
	}
	o.Container, o.ContainerRuntime, o.Sandbox, o.Net = old.Container, old.ContainerRuntime, old.Sandbox, old.Net
	return nil
}

// discoverAt is discover for a path that may be that of a file.
func discoverAt(ctx context.Context, env environ, path string) (repository, error) {
	info, err := os.Stat(path)
	if err != nil {
		return repository{}, &UsageError{fmt.Sprintf("%s: %s", path, osError(err))}
	}
	if !info.IsDir() {
		path = filepath.Dir(path)
	}
	return discover(ctx, env, path)
}

// existingStore opens the store of the repository at root, or returns nil when
// it has none.
func existingStore(state, root string) (*rundir.Store, error) {
	name, err := rundir.Name(root)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(state, "runs", name)); err != nil {
		return nil, nil
	}
	return rundir.At(state, root)
}

// pick returns the run with a name that [Runs.Find] knows. The error is a
// [*UsageError] when there is none, or it did not fail.
func pick(store *rundir.Store, name string) (rundir.Entry, error) {
	runs := &Runs{}
	if store != nil {
		runs.stores = append(runs.stores, store)
	}
	e, err := runs.locate(name)
	if err != nil {
		return rundir.Entry{}, err
	}
	switch e.State {
	case rundir.Failed:
		return e.Entry, nil
	case rundir.Complete:
		return rundir.Entry{}, &UsageError{fmt.Sprintf("run %s succeeded, so there is nothing to resume: run without --resume", e.ID)}
	}
	if run, err := readRun(store, e.ID); err == nil && run.Ended() {
		return e.Entry, nil
	}
	return rundir.Entry{}, &UsageError{fmt.Sprintf("run %s has not ended: wait for it, or run without --resume", e.ID)}
}

// read reads what the run left.
func (r *resumed) read() error {
	refuse := func(why string) error {
		return &UsageError{fmt.Sprintf("run %s cannot be resumed: %s; run without --resume", r.ID, why)}
	}
	about, err := os.ReadFile(filepath.Join(r.Dir, leftFile))
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("it ended before it had a workspace")
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(about, &r.left) != nil || r.left.Version != leftVersion {
		return refuse("another version of quire ran it")
	}
	if r.On != "" {
		return refuse("its jobs ran on other machines, " + r.On)
	}
	report, err := os.ReadFile(filepath.Join(r.Dir, reportFile))
	if err != nil || json.Unmarshal(report, &r.report) != nil || r.report.Version != reportVersion {
		return refuse("quire ended before it could say how the run went")
	}
	if r.InPlace {
		return refuse("it ran in the working tree itself, of which nothing is kept")
	}
	if info, err := os.Lstat(rundir.Workspace(r.Dir)); err != nil || !info.IsDir() {
		return refuse("its workspace is gone, since a later run failed, resumed it or re-used it")
	}
	return nil
}

// checkHead refuses a run when HEAD is no longer where it was.
func (r *resumed) checkHead(ctx context.Context, repo repository) error {
	if r.SHA != "" {
		return nil // it was of a commit that was named
	}
	w := &workspace{}
	if repo.vcs != nil {
		if err := w.describe(ctx, checkout{repo: repo}); err != nil {
			return err
		}
	}
	if w.head == r.Head {
		return nil
	}
	return &UsageError{fmt.Sprintf("run %s cannot be resumed: HEAD was %s and is %s now; run without --resume, or go back there first",
		r.ID, r.Head, w.head)}
}

func (h head) String() string {
	at := "without a commit"
	if h.SHA != "" {
		at = h.SHA[:min(12, len(h.SHA))]
	}
	if h.Ref == "" {
		return at
	}
	return strings.TrimPrefix(h.Ref, "refs/heads/") + " (" + at + ")"
}

// A reuse is how a job went in the run that is resumed.
type reuse struct {
	report  JobReport
	outputs *pipeline.Data
	stored  []byte // the outputs as they are stored; nil: none
}

// reusable returns the jobs whose results in the run still hold, by id: those
// that succeeded, are made of the same text, modules included, need the same,
// and need only such jobs.
func (r *resumed) reusable(p *pipeline.Pipeline) (map[string]reuse, error) {
	now := jobForms(p)
	all := map[string]reuse{}
	for _, job := range p.Graph.Order() {
		i := slices.IndexFunc(r.report.Jobs, func(j storedJob) bool { return j.ID == job.ID })
		if i < 0 || r.Forms[job.ID] == "" || r.Forms[job.ID] != now[job.ID] {
			continue
		}
		old := r.report.Jobs[i]
		ran := old.Started != nil || old.Reused != ""
		if !old.Outcome.done() || !ran || slices.ContainsFunc(job.Inputs, func(in pipeline.Input) bool {
			_, isJob := p.Graph.Job(in.Name)
			_, holds := all[in.Name]
			return isJob && !holds
		}) {
			continue
		}
		from := old.Reused
		if from == "" {
			from = r.ID
		}
		one := reuse{report: JobReport{ID: job.ID, Outcome: old.Outcome, IgnoredExits: old.IgnoredExits,
			Notice: "re-used from run " + from, Reused: from}}
		if old.Outputs {
			text, err := os.ReadFile(filepath.Join(r.Dir, "jobs", rundir.FileName(job.ID), outputsFile))
			if errors.Is(err, fs.ErrNotExist) {
				continue // they could not be stored
			}
			if err != nil {
				return nil, err
			}
			if one.outputs, err = pipeline.DataFromJSON(text); err != nil {
				return nil, fmt.Errorf("run %s: the outputs of '%s': %w", r.ID, job.ID, err)
			}
			one.stored = text
			one.report.Outputs = one.outputs
		}
		all[job.ID] = one
	}
	return all, nil
}

// resume finds out what the run goes on with: which files changed since, and
// which jobs need not run again. The error is a [*UsageError] when a file that
// changed was also changed by a job, unless the options say that this is fine.
func (x *execution) resume(ctx context.Context) error {
	r := x.request
	old := r.resumed
	if old == nil {
		return nil
	}
	var err error
	if x.changes, err = x.checkout().changes(ctx, old); err != nil {
		return err
	}
	if clash := x.changes.clash; len(clash) > 0 && !r.options.ResumeForce {
		return &UsageError{fmt.Sprintf("run %s cannot be resumed: %s changed since, and a job changed %s too: %s; "+
			"--resume=force takes yours, or run without --resume",
			old.ID, count(len(clash), "file"), them(len(clash)), some(clash))}
	}
	x.report.Resumed = old.ID
	x.report.Changed = x.changes.paths()
	if x.reusable, err = old.reusable(x.pipe); err != nil {
		return err
	}
	if len(r.options.Only) > 0 {
		return nil // what is named is to run
	}
	x.plan.reused = map[string]reuse{}
	for _, job := range x.plan.jobs {
		_, skipped := x.plan.skip[job.ID]
		if one, ok := x.reusable[job.ID]; ok && !skipped {
			x.plan.reused[job.ID] = one
		}
	}
	return nil
}

// reuseJobs records the jobs that need not run again, before any other starts:
// whatever becomes of those, a run that resumes this one finds them here.
func (x *execution) reuseJobs(q *queue) []error {
	var errs []error
	for _, job := range x.plan.jobs {
		if one, ok := x.plan.reused[job.ID]; ok {
			errs = append(errs, x.reuse(one))
			q.end(job.ID, one.report.Outcome)
		}
	}
	return errs
}

// reuse records a job whose results in the run that is resumed still hold.
func (x *execution) reuse(one reuse) error {
	id := one.report.ID
	x.host.enter(id)
	x.host.leave(id, one.outputs)
	x.report.Jobs = append(x.report.Jobs, one.report)
	x.record.emit(Event{Type: JobFinished, JobID: id, Outcome: string(one.report.Outcome), Message: one.report.Notice})
	if one.stored == nil {
		return nil
	}
	return x.run.WriteJob(id, outputsFile, one.stored)
}

// goOn prepares the workspace of the run that is resumed.
func (x *execution) goOn(ctx context.Context) (*workspace, Push, error) {
	old := x.request.resumed
	if err := x.takeBack(old.Entry); err != nil {
		return nil, Push{}, fmt.Errorf("the workspace of run %s cannot be taken over: %w", old.ID, err)
	}
	c := x.checkout()
	w := &workspace{dir: x.slot.Dir(), head: old.Head}
	if c.repo.vcs != nil {
		w.gitDir = filepath.Join(w.dir, gitName)
	}
	if err := w.update(c, x.changes, x.slot); err != nil {
		return nil, Push{}, fmt.Errorf("the workspace of run %s cannot be changed: %w", old.ID, err)
	}
	p := old.Push
	p.PushedAt = pushedAt(c.at)
	p.GitDir = w.gitDir
	// Hooks stand below the path that the workspace had.
	if w.gitDir != "" && w.dir != old.Slot && exists(w.gitDir, "config") {
		g := c.repo.vcs.on(w.gitDir, w.dir)
		if _, err := g.run(ctx, nil, "config", "core.hookspath", filepath.Join(w.gitDir, "hooks")); err != nil {
			return nil, Push{}, err
		}
	}
	w.notices = append(w.notices, x.changes.notice(old.ID))
	return w, p, nil
}

// takeBack moves the workspace that a run kept into a slot.
func (x *execution) takeBack(e rundir.Entry) error {
	for after := 0; ; after = x.slot.Number() {
		var err error
		if x.slot, err = x.store.Slot(after); err != nil {
			return err
		}
		err = x.slot.Take(e)
		if errors.Is(err, fs.ErrNotExist) {
			return errors.New("another run took it meanwhile")
		}
		if !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err := x.slot.Release(); err != nil {
			return err
		}
	}
}

// count returns a number and a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// maxNamed is how many files a message names.
const maxNamed = 50

// some returns the first of many names, and how many more there are.
func some(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
