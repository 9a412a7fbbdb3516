package exec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"quire/analysis/pipeline"
)

// A Change is why [Watch] has something run.
type Change struct {
	// Paths are the files that changed, relative to the root, in order. There
	// are none when the watch begins.
	Paths []string
	// Pipeline reports that these are ci.fnl or its modules, and nothing else.
	Pipeline bool
	// Broken reports that the pipeline cannot be loaded as it is now.
	Broken bool
	// Jobs are those that are to run, in order, when they are not all that the
	// options select. It is empty, but not nil, when a change concerns none.
	Jobs []string
}

// ErrChanged is the cause for which [Watch] cancels a run.
var ErrChanged = errors.New("a file changed")

// Watch has the pipeline of the repository around root run, and again whenever
// a file changed, until ctx ends. What git ignores does not count as changed,
// nor does what a run in place writes. A change during a run cancels it.
//
// A change of ci.fnl or its modules has those jobs run whose text or modules
// changed, those that did not succeed yet, and those that need any of these;
// they read the outputs of the others as [Options.Only] has it. Any other
// change has all jobs run that the options select.
//
// The function run does it, with the options as they are for that run, and
// returns its report, or nil when there is none. Its context ends with the cause
// [ErrChanged] when something changed meanwhile. Calls do not overlap, and Watch
// returns when the last one did.
func Watch(ctx context.Context, root string, o Options, run func(context.Context, Options, Change) *Report) error {
	if o.SHA != "" {
		return &UsageError{"a commit does not change: leave out --sha or --watch"}
	}
	r := Request{options: o, env: o.Environ}
	if o.Environ == nil {
		r.env = os.Environ()
	}
	src, err := find(ctx, r.env, root, "")
	if missing := (*MissingError)(nil); err != nil && !errors.As(err, &missing) {
		return err
	}
	if err := r.findState(ctx); err != nil {
		return err
	}
	c, err := newEdits(ctx, src.repo, r.state)
	if err != nil {
		return fmt.Errorf("%s cannot be watched: %w", src.Root, err)
	}
	defer c.close()
	w := &watch{root: root, options: o, edits: c, run: run}
	return w.loop(ctx)
}

// A run starts when nothing changed for a while, because editors and tools write
// several files one after another, or when that does not happen for long.
const (
	quiet    = 50 * time.Millisecond
	maxQuiet = time.Second
)

// A watch is one call of [Watch].
type watch struct {
	root    string
	options Options
	edits   *edits
	run     func(context.Context, Options, Change) *Report

	files map[string]bool   // of the pipeline, relative to the root
	forms map[string]string // of its jobs, when it could last be loaded
	stale map[string]bool   // jobs that did not succeed as they stand now
}

func (w *watch) loop(ctx context.Context) error {
	var (
		done   chan *Report // of the run under way, or nil
		cancel context.CancelCauseFunc
		paths  = map[string]struct{}{} // that changed since a run started
		timer  = time.NewTimer(time.Hour)
		since  time.Time // of the first change that the timer runs for
	)
	wait := func() {
		if since.IsZero() {
			since = time.Now()
		}
		timer.Reset(min(quiet, maxQuiet-time.Since(since)))
	}
	start := func() error {
		o, change, err := w.decide(ctx, slices.Sorted(maps.Keys(paths)))
		if err != nil {
			return err
		}
		clear(paths)
		done = make(chan *Report, 1)
		var runCtx context.Context
		runCtx, cancel = context.WithCancelCause(ctx)
		go func() { done <- w.run(runCtx, o, change) }()
		return nil
	}
	finish := func(err error) error {
		if done != nil {
			cancel(err)
			<-done
		}
		return err
	}
	if err := start(); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return finish(context.Cause(ctx))
		case r := <-done:
			cancel(nil)
			done = nil
			w.took(r)
			if w.options.InPlace { // what changed until now, the run changed
				if err := w.ownChanges(ctx, paths); err != nil {
					return err
				}
			}
			if len(paths) > 0 {
				if err := start(); err != nil {
					return err
				}
			}
		case e, ok := <-w.edits.fs.Events:
			if !ok {
				return finish(fsnotify.ErrClosed)
			}
			if err := w.edits.take(ctx, e); err != nil {
				return finish(err)
			}
			wait()
		case err := <-w.edits.fs.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return finish(err)
			}
			w.edits.note(w.edits.repo.root, false) // anything may have changed
			wait()
		case <-timer.C:
			since = time.Time{}
			batch, err := w.edits.batch(ctx)
			if err != nil {
				return finish(err)
			}
			maps.Copy(paths, batch)
			switch {
			case len(paths) == 0 || done != nil && w.options.InPlace:
			case done != nil:
				cancel(ErrChanged)
			default:
				if err := start(); err != nil {
					return err
				}
			}
		}
	}
}

// ownChanges leaves of the paths that changed during a run in place those of the
// pipeline, which a job does not write as a rule.
func (w *watch) ownChanges(ctx context.Context, paths map[string]struct{}) error {
	if err := w.edits.settle(ctx); err != nil {
		return err
	}
	batch, err := w.edits.batch(ctx)
	if err != nil {
		return err
	}
	maps.Copy(paths, batch)
	maps.DeleteFunc(paths, func(path string, _ struct{}) bool { return !w.files[path] })
	return nil
}

// decide returns what is to run because of the paths that changed.
func (w *watch) decide(ctx context.Context, paths []string) (Options, Change, error) {
	change := Change{Paths: paths, Pipeline: len(paths) > 0}
	for _, path := range paths {
		change.Pipeline = change.Pipeline && w.files[path]
	}
	plan, forms, graph, err := w.load(ctx)
	switch {
	case err != nil && paths == nil:
		return Options{}, change, err
	case err != nil, forms == nil: // whoever runs it is told what is wrong
		change.Broken = true
		return w.options, change, nil
	}
	if w.forms == nil || !change.Pipeline {
		w.stale = map[string]bool{}
		for _, id := range plan.ids() {
			w.stale[id] = true
		}
	}
	for id, form := range forms {
		if w.forms[id] != form {
			w.stale[id] = true
		}
	}
	w.forms = forms
	for id := range maps.Clone(w.stale) {
		for _, dependent := range graph.Dependents(id) {
			w.stale[dependent] = true
		}
	}
	jobs := []string{}
	for _, id := range plan.ids() {
		if _, skipped := plan.skip[id]; w.stale[id] && !skipped {
			jobs = append(jobs, id)
		}
	}
	if !change.Pipeline || len(jobs)+len(plan.skip) == len(plan.jobs) {
		return w.options, change, nil
	}
	change.Jobs = jobs
	o := w.options
	o.Jobs, o.Except, o.Only = nil, nil, jobs
	return o, change, nil
}

// load returns the jobs that the options select and the forms of all jobs, as
// they are on disk now. The forms are nil when the pipeline has errors.
func (w *watch) load(ctx context.Context) (plan, map[string]string, *pipeline.Graph, error) {
	r, err := Local(w.root, w.options)
	if missing := (*MissingError)(nil); errors.As(err, &missing) {
		w.files = map[string]bool{pipeline.Path: true}
		return plan{}, nil, nil, nil
	}
	if err != nil {
		return plan{}, nil, nil, err
	}
	limits := pipeline.DefaultLimits()
	module := pipeline.Compile(r.source.File, r.tree, nil, limits)
	pipe, found := pipeline.Load(ctx, module, r.tree, nil, limits)
	defer pipe.Close()
	// A module that a broken pipeline no longer reads is still one of it.
	if w.files == nil || !found.HasErrors() {
		w.files = map[string]bool{pipeline.Path: true}
	}
	for _, f := range pipe.Files {
		w.files[f.Name()] = true
	}
	if found.HasErrors() {
		return plan{}, nil, nil, ctx.Err()
	}
	p, err := choose(pipe.Graph, w.options)
	if err != nil {
		return plan{}, nil, nil, err
	}
	return p, jobForms(pipe), pipe.Graph, nil
}

// took takes into account what a run did.
func (w *watch) took(r *Report) {
	if r == nil {
		return
	}
	for _, job := range r.Jobs {
		if job.Outcome.done() {
			delete(w.stale, job.ID)
		}
	}
}
