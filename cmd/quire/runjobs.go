package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/junit"
	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// runJobs runs a pipeline and shows how it goes. The report is nil when nothing
// was to run.
func runJobs(ctx context.Context, s *session, src *exec.Source, o exec.Options, out *outputs, again again) (*exec.Report, error) {
	// A bug in showing the run must not end the process before the run ended
	// its own.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	names := naming{prefix: fromHere(src.Root), files: map[*source.File]*source.File{}}
	if o.Buffers[pipeline.Path] == src.File {
		names.files[src.File] = src.File // it was named on the command line
	}
	view := out.view(func(e exec.Event) string {
		// The run itself tells what is wrong with the configuration.
		settings, _ := exec.ReadSettings(ctx, o.Config)
		showFindings(s, snapshot(src, checksFor(settings, o)), names, e.Jobs)
		return display(src, o, e)
	}, func(value any) { cancel(guard(func() error { panic(value) })) })
	defer view.Close()
	o.Observe = func(e exec.Event) {
		if err := guard(func() error { view.Observe(e); return nil }); err != nil {
			cancel(err)
		}
		out.record(e)
	}
	o.Kill = s.kill
	defer context.AfterFunc(ctx, func() { sayEnding(ctx, out.human, view) })()
	s.runs.Add(1)
	r, err := carryOut(ctx, src, o)
	s.runs.Done()
	if r == nil {
		return nil, err
	}
	r = named(r, names)
	var recorded *exec.RecordError
	if errors.As(err, &recorded) {
		err = nil
	}
	unwritten := out.close(junit.Run{Name: filepath.Base(src.Root), Report: r, Err: err})
	if recorded != nil {
		unwritten = errors.Join(unwritten, recorded)
	}
	var bug *panicError
	if errors.As(context.Cause(ctx), &bug) {
		return r, bug
	}
	if err == nil || len(r.Jobs) > 0 {
		view.Finish(r)
	}
	view.Close()
	if err == nil {
		err = conclude(s, out.human, r, again)
	}
	switch {
	case err == nil:
		return r, unwritten
	case unwritten != nil:
		s.complain(unwritten)
	}
	return r, err
}

// carryOut makes the request of these options and runs it, for show or in
// earnest. The report is nil when the options cannot be meant.
func carryOut(ctx context.Context, src *exec.Source, o exec.Options) (*exec.Report, error) {
	request, err := exec.Local(src.Root, o)
	if err != nil {
		return nil, err
	}
	return exec.Run(ctx, request)
}

// named returns a report with its files under the names that are shown.
func named(r *exec.Report, names naming) *exec.Report {
	renamed := *r
	renamed.Diagnostics = names.list(r.Diagnostics)
	renamed.Jobs = slices.Clone(r.Jobs)
	for i, job := range r.Jobs {
		if job.Failure != nil {
			f := *job.Failure
			f.Diagnostic = names.list(diag.List{f.Diagnostic})[0]
			renamed.Jobs[i].Failure = &f
		}
	}
	return &renamed
}

// sayEnding tells who interrupted a run that it ends, and what to do when that
// takes too long.
func sayEnding(ctx context.Context, out *stream, view progress.View) {
	var signal signalError
	if out.screen.Terminal && errors.As(context.Cause(ctx), &signal) && signal.signal != syscall.SIGPIPE {
		view.Say("Ending the run. Interrupt again to kill it at once.")
	}
}

// conclude shows a report and returns the error that stands for its outcome.
func conclude(s *session, out *stream, r *exec.Report, again again) error {
	if r.Diagnostics.HasErrors() {
		return showFaults(s, r.Diagnostics)
	}
	if found := aboutConfig(r.Diagnostics); len(found) > 0 {
		fmt.Fprintln(s.stderr)
		_ = render.Diagnostics(s.stderr, s.stderr.screen, found)
	}
	progress.Conclude(out, out.screen, r, func(job string) string { return again(r, job) })
	switch r.Outcome {
	case exec.Succeeded:
		return nil
	case exec.Internal:
		return errors.New("the run could not be carried out")
	}
	return errPipeline
}

// aboutConfig returns the diagnostics that are about the configuration, which
// nobody but the run has read.
func aboutConfig(list diag.List) diag.List {
	return slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool { return d.Code != diag.Config })
}

// showFindings shows what is known to be wrong with the jobs of a run, none of
// which refuses it. Hints are for whoever writes the pipeline.
func showFindings(s *session, snap *analysis.Snapshot, names naming, jobs []string) {
	found := append(snap.FindingsOf(jobs...), snap.Loaded()...)
	found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Severity() > diag.Warning })
	found.Sort()
	_ = render.Diagnostics(s.stderr, s.stderr.screen, names.list(found))
	if len(found) > 0 {
		fmt.Fprintln(s.stderr)
	}
}

// display names what a run runs and in what: the place, the first 12 digits of
// the commit that is checked out for it, what its commands are put into, and the
// machines that run them.
func display(src *exec.Source, o exec.Options, started exec.Event) string {
	where := src.Root
	if o.SHA != "" {
		where = o.SHA
	}
	where = terminal.Inline(where)
	if o.InPlace {
		where += ", in place"
	}
	if sha := started.SHA; sha != "" {
		where += " (" + sha[:min(12, len(sha))] + ")"
	}
	switch started.Isolation {
	case exec.InContainer:
		where += ", in a container from " + terminal.Inline(started.Image)
	case exec.InSandbox:
		where += ", in a sandbox"
	}
	if o.On != "" {
		where += ", on " + terminal.Inline(o.On)
	}
	return where
}
