package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec/rundir"
)

// An execution is one call of [Run].
type execution struct {
	request Request
	report  *Report
	pipe    *pipeline.Pipeline
	plan    plan
	store   *rundir.Store // of earlier runs
	home    *rundir.Store // of this run: store, unless that could not take it
	run     *rundir.Run
	slot    *rundir.Slot
	values  redactions
	record  *recorder
	host    *host
	jobs    runner
	isolation
	carry *carrier // nil unless files are carried
	told  []string // what there is to say before the jobs run
	lost  error    // what kept the run, or something of it, out of the store

	// Of a run that is resumed:
	changes  changes
	reusable map[string]reuse
}

// Run loads the pipeline of the request, runs the selected jobs and returns
// how it went. The report is never nil. The error says what quire or the
// machine could not do (outcome internal), is a [*UsageError] for jobs that do
// not exist, or a [*RecordError] for a run of any outcome that could not be
// recorded; a pipeline with errors and a job that failed are no errors but
// outcomes. When ctx ends, every process is ended and the outcome is
// cancelled.
func Run(ctx context.Context, r Request) (*Report, error) {
	x := &execution{request: r, report: &Report{Started: time.Now(), Given: r.given, On: r.options.On}}
	x.jobs = x.runner()
	x.record = &recorder{values: &x.values, places: r.order != nil}
	if r.options.Observe != nil && !r.options.DryRun {
		x.record.feed = newFeed(r.options.Observe)
		defer context.AfterFunc(ctx, x.record.feed.hurry)()
	}
	err := x.all(ctx)
	x.report.Finished = time.Now()
	var abandoned <-chan struct{}
	if ctx.Err() != nil {
		abandoned = r.options.Kill
	}
	x.lose(x.record.close(abandoned))
	if x.home != nil && x.home != x.store {
		x.withdraw()
	}
	switch {
	case err == nil && x.lost != nil:
		err = &RecordError{x.lost}
	case err != nil && !errors.As(err, new(*UsageError)):
		x.report.Outcome = Internal
	}
	if err != nil && !errors.As(err, new(*UsageError)) {
		err = redactedError{x.values.text(err.Error()), err}
	}
	return x.report, err
}

// lose keeps the first error of recording the run.
func (x *execution) lose(err error) {
	if x.lost == nil {
		x.lost = err
	}
}

// withdraw removes the run from the store that was made for it, and from the
// report what leads there.
func (x *execution) withdraw() {
	x.lose(x.home.Discard())
	x.report.Dir = ""
	for _, j := range x.report.Jobs {
		if j.Failure != nil {
			j.Failure.Log = ""
		}
	}
}

// A redactedError is an error whose text holds no secret.
type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }
func (e redactedError) Unwrap() error { return e.err }

// all does everything between the first event and the last.
func (x *execution) all(ctx context.Context) error {
	vault, ok := x.load(ctx)
	if x.pipe != nil {
		defer x.pipe.Close()
	}
	if !ok {
		x.record.emit(Event{Type: RunFinished, Outcome: finished[x.report.Outcome]})
		return nil
	}
	var err error
	if x.plan, err = choose(x.pipe.Graph, x.request.options); err == nil {
		err = x.request.given.check(x.pipe.Graph, x.plan)
	}
	if err != nil {
		x.report.Outcome = Failed
		return err
	}
	if x.request.options.DryRun || x.request.resumed != nil {
		if x.store, err = existingStore(x.request.state, x.request.source.Root); err != nil {
			return err
		}
	}
	if err := x.resume(ctx); err != nil {
		x.report.Outcome = Failed
		return err
	}
	if x.request.options.DryRun {
		return x.dryRun(ctx, vault)
	}
	if err := x.jobs.ready(ctx); err != nil {
		if ctx.Err() != nil {
			x.report.Jobs, x.report.Outcome = newQueue(x.plan).notRun(), Cancelled
			return nil
		}
		return err
	}
	err = x.open(ctx)
	if x.run != nil {
		defer x.run.Close()
	}
	if err != nil {
		return err
	}
	err = x.perform(ctx, vault)
	err = errors.Join(err, x.leaveFiles(ctx))
	return errors.Join(err, x.finish(err))
}

// load loads the pipeline and the configuration and reports whether the jobs
// can run.
func (x *execution) load(ctx context.Context) (*secrets, bool) {
	r := x.request
	limits := pipeline.DefaultLimits()
	if r.options.DryRun {
		limits.Run = limits.Load
	}
	module := pipeline.Compile(r.source.File, r.tree, nil, limits)
	x.pipe, x.report.Diagnostics = pipeline.Load(ctx, module, r.tree, nil, limits)
	if ctx.Err() != nil {
		x.report.Outcome, x.report.Diagnostics = Cancelled, nil
		return nil, false
	}
	config := loadConfig(ctx, r.config)
	x.report.Diagnostics = append(x.report.Diagnostics, config.found...)
	if x.report.Diagnostics.HasErrors() {
		x.report.Outcome = Failed
		return nil, false
	}
	if r.options.Container {
		found := diag.List(nil)
		if x.report.Image, found = x.findImage(); found.HasErrors() {
			x.report.Diagnostics = append(x.report.Diagnostics, found...)
			x.report.Outcome = Failed
			return nil, false
		}
	}
	for name, s := range r.options.Secrets {
		config.secrets[name] = s
	}
	return &secrets{sources: config.secrets, env: r.env, values: &x.values}, true
}

// open makes the run. When the run store cannot take it, it has a store of its
// own that lasts as long as it does.
func (x *execution) open(ctx context.Context) (err error) {
	if x.store, err = rundir.At(x.request.state, x.request.source.Root); err != nil {
		return err
	}
	x.home = x.store
	if err = x.home.Make(); err == nil {
		x.recover(ctx)
		err = x.create()
	}
	if err == nil {
		return nil
	}
	if x.request.order != nil {
		return fmt.Errorf("the run cannot be recorded: %w", err)
	}
	x.lose(err)
	spare, failed := rundir.Temporary()
	if failed != nil {
		return errors.Join(err, failed)
	}
	x.home = spare
	x.told = append(x.told, "this run cannot be recorded: "+err.Error())
	return x.create()
}

// recover puts away the runs whose processes are gone. What stands in its way
// stands in no other run's.
func (x *execution) recover(ctx context.Context) {
	orphans, err := x.home.Recover(x.report.Started)
	for _, id := range orphans {
		endStrays(runMark(id), false)
		_ = os.Remove(filepath.Join(x.home.Path(id), parcelName)) // most have none
		if err := removeContainer(ctx, x.request.env, x.home, id); err != nil {
			x.told = append(x.told, err.Error())
		}
	}
	if err != nil {
		x.told = append(x.told, "runs that were interrupted could not be put away: "+err.Error())
	}
}

// create makes the run and its files in its store, or nothing.
func (x *execution) create() (err error) {
	x.run, err = x.home.Create(x.request.id, x.meta(Push{SHA: x.request.source.SHA, PushedAt: x.report.Started.UTC()}))
	if err != nil {
		return err
	}
	if err = x.begun(); err != nil {
		_ = x.run.Discard() // it is known that the store is in trouble
		x.run = nil
		return err
	}
	x.report.ID, x.report.Dir = x.run.ID(), x.run.Path()
	return nil
}

// begun moves the run to active and begins to record its events.
func (x *execution) begun() error {
	if err := x.run.Transition(rundir.Active, x.report.Started); err != nil {
		return err
	}
	file, err := os.OpenFile(x.run.File("events.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	dir, err := os.OpenRoot(x.run.Dir())
	if err != nil {
		file.Close()
		return err
	}
	x.record.mu.Lock()
	defer x.record.mu.Unlock()
	x.record.file = file
	if x.record.feed == nil {
		return dir.Close()
	}
	x.record.feed.dir = dir
	return nil
}

// meta returns what the run is of.
func (x *execution) meta(p Push) rundir.Meta {
	m := rundir.Meta{SHA: p.SHA, Ref: p.Ref, PushedAt: p.PushedAt, Root: x.request.source.Root,
		On: x.report.On, Jobs: x.plan.ids(), Inputs: map[string][]string{}}
	for _, id := range m.Jobs {
		if job, ok := x.pipe.Graph.Job(id); ok {
			for _, input := range job.Inputs {
				m.Inputs[id] = append(m.Inputs[id], input.Name)
			}
		}
	}
	return m
}

// perform prepares the workspace and runs the jobs. It returns when no process
// of the run is left.
func (x *execution) perform(ctx context.Context, vault *secrets) error {
	work, push, err := x.prepare(ctx)
	if err != nil {
		if ctx.Err() != nil {
			x.report.Jobs = newQueue(x.plan).notRun()
			x.report.Outcome = Cancelled
			return nil
		}
		return err
	}
	data, err := push.data()
	if err != nil {
		return err
	}
	x.host = &host{
		run:     x.run,
		work:    work,
		env:     append(x.inherited(), "CI=true", runMark(x.run.ID())),
		record:  x.record,
		secrets: vault,
		push:    data,
		graph:   x.pipe.Graph,
		kill:    x.request.options.Kill,
		timeout: x.request.options.Timeout,
		earlier: x.earlier,
		jobs:    map[string]*jobState{},
	}
	x.record.emit(Event{Type: RunStarted, RunID: x.run.ID(), Jobs: x.plan.ids(), SHA: push.SHA,
		Isolation: x.report.Isolation, Image: x.report.Image})
	for _, notice := range x.notices(work) {
		x.say(notice)
	}
	return x.jobs.carryOut(ctx, work, vault)
}

// runMark returns the entry of the environment by which the processes of a run
// are known.
func runMark(id string) string { return "QUIRE_RUN_ID=" + id }

// prepare makes the workspace.
func (x *execution) prepare(ctx context.Context) (*workspace, Push, error) {
	r := x.request
	make := x.start
	if r.resumed != nil {
		make = x.goOn
	}
	work, p, err := make(ctx)
	if err != nil {
		return nil, Push{}, err
	}
	x.report.Push = &p
	x.lose(x.run.SetMeta(x.meta(p)))
	x.lose(x.leave(work, p))
	return work, p, x.arrive(ctx, work)
}

// start makes a workspace in which nothing ran yet.
func (x *execution) start(ctx context.Context) (*workspace, Push, error) {
	c := x.checkout()
	work, err := x.workspace(ctx, c)
	if err != nil {
		return nil, Push{}, fmt.Errorf("the workspace cannot be made: %w", err)
	}
	p, err := work.push(ctx, c, x.request.ref, x.request.previous)
	if err == nil {
		p, err = x.request.asPushed(p, work.throwAway)
	}
	return work, p, err
}

// checkout returns what the workspace is made from.
func (x *execution) checkout() checkout {
	r := x.request
	files := map[string]*source.File{}
	if r.order == nil { // else they are in the parcel as far as they were in the workspace
		files[pipeline.Path] = r.source.File // also when the disk changed meanwhile
		maps.Copy(files, r.options.Buffers)
	}
	return checkout{repo: r.source.repo, sha: r.source.SHA, ref: r.named, files: files,
		inPlace: r.options.InPlace, at: x.pushedAt(), skip: r.state, reuse: r.options.Reuse, order: r.order}
}

// workspace makes the workspace, in a slot unless it is the working tree.
func (x *execution) workspace(ctx context.Context, c checkout) (*workspace, error) {
	if c.inPlace {
		return c.inPlaceOf(ctx)
	}
	for after := 0; ; after = x.slot.Number() {
		var err error
		if x.slot, err = x.home.Slot(after); err != nil {
			return nil, err
		}
		_, unused := os.Lstat(x.slot.Dir())
		work, err := (*workspace)(nil), x.takeOver()
		if err == nil {
			work, err = c.make(ctx, x.slot)
		}
		if err != nil && unused != nil {
			return nil, errors.Join(err, x.slot.Clear())
		}
		// What a run left may belong to somebody else. It is only in the way
		// then, and another slot is as good.
		if !errors.Is(err, fs.ErrPermission) || !errors.As(err, new(blockedError)) {
			return work, err
		}
		if err := x.slot.Release(); err != nil {
			return nil, err
		}
	}
}

// takeOver moves the workspace of the last run into the slot if that run failed,
// and so kept it, and what it left is to be re-used.
func (x *execution) takeOver() error {
	if !x.request.options.Reuse || x.home != x.store {
		return nil
	}
	ended, err := x.store.Runs(rundir.Complete, rundir.Failed)
	if err != nil || len(ended) == 0 || ended[0].State != rundir.Failed {
		return err
	}
	if err := x.slot.Take(ended[0]); !errors.Is(err, fs.ErrNotExist) {
		return blocked(err)
	}
	return nil
}

// notices says what users should know before the jobs run.
func (x *execution) notices(w *workspace) []string {
	notices := slices.Concat(x.told, w.notices)
	if x.pipe.Image != "" && !x.request.options.Container {
		notices = append(notices, fmt.Sprintf("the image %q is not used: jobs run without a container", x.pipe.Image))
	}
	return notices
}

// finish records how the run ended; the event that says so is the last thing
// that happens. Failed is what quire or the machine could not do, if anything,
// or a [*UsageError].
// The error says which results could not be copied out.
func (x *execution) finish(failed error) error {
	if failed != nil {
		if len(x.report.Jobs) == 0 {
			x.report.Jobs = newQueue(x.plan).notRun()
		}
		x.report.Outcome = Internal
		if errors.As(failed, new(*UsageError)) {
			x.report.Outcome = Failed
		}
	}
	x.withhold()
	for i, j := range x.report.Jobs {
		if job, ok := x.pipe.Graph.Job(j.ID); ok {
			x.report.Jobs[i].Text = JobText(job)
		}
	}
	got := x.get()
	if got != nil && !errors.As(got, new(*UsageError)) {
		failed, x.report.Outcome = errors.Join(failed, got), Internal
	}
	end := rundir.Failed
	if x.report.Outcome == Succeeded {
		end = rundir.Complete
	}
	x.report.Finished = time.Now()
	var left []error // what could not be cleared away, which fails no run
	if x.slot != nil {
		if end == rundir.Failed && x.host != nil && x.jobs.usesWorkspace() {
			left = append(left, x.slot.Keep(x.run))
		}
		left = append(left, x.slot.Release())
	}
	x.lose(x.run.Err())
	x.record.mu.Lock()
	x.lose(x.record.err)
	x.record.mu.Unlock()
	x.lose(x.writeReport(errors.Join(failed, x.lost)))
	x.lose(x.run.Transition(end, x.report.Finished))
	if x.home == x.store && x.request.order == nil {
		_, err := x.home.Prune(x.report.Finished, rundir.DefaultRetention, false)
		left = append(left, err)
	}
	if left := errors.Join(left...); left != nil {
		x.say("old files could not be removed: " + left.Error())
	}
	x.record.emit(Event{Type: RunFinished, RunID: x.run.ID(), Outcome: finished[x.report.Outcome]})
	return got
}

// finished names the outcomes of a run as upstream's events do.
var finished = map[Outcome]string{
	Succeeded: "succeeded",
	Failed:    "pipeline_failure",
	Cancelled: "cancelled",
	Internal:  "internal",
}
