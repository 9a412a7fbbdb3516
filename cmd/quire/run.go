package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A runCommand is what the flags of run say.
type runCommand struct {
	options  exec.Options
	pipeline string   // path of the file to run instead of the repository's
	secrets  []string // values of --secret
}

func newRun(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "run [JOB]...",
		Short: "Run jobs of the pipeline",
		Long: `run runs the jobs that a push would start, or the jobs named and what they need.

Jobs run in a copy of the working tree that is a git checkout of its own: what
they do to files, branches and tags does not touch yours. A job fails when its
function raises an error; the first that fails stops the run. A command that
exits with another status than 0 only fails its job when the job says so.`,
		Example: `  quire ci run                                 # what a push would start
  quire ci run deploy                          # deploy and what it needs
  quire ci run --only test                     # test alone
  quire ci run publish --ref refs/tags/v1      # as if that tag had been pushed
  quire ci run --secret token=env:DEPLOY_TOKEN`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: completeJobs,
	}
	var run runCommand
	run.addFlags(c.Flags())
	if err := c.RegisterFlagCompletionFunc("only", completeJobs); err != nil {
		panic(err)
	}
	c.RunE = func(c *cobra.Command, jobs []string) error {
		run.options.Jobs = jobs
		return run.run(c.Context(), s, func(job string) string { return rerun(c.Flags(), job) })
	}
	return c
}

func (c *runCommand) addFlags(flags *pflag.FlagSet) {
	o := &c.options
	flags.SortFlags = false
	flags.StringArrayVar(&o.Only, "only", nil, "run just this `job` without what it needs (repeatable)")
	flags.StringVarP(&o.SHA, "sha", "s", "", "run this `commit` instead of the working tree")
	flags.StringVar(&c.pipeline, "pipeline", "", "run this `file` instead of the repository's own .quire/ci.fnl")
	flags.BoolVar(&o.InPlace, "in-place", false, "run in the working tree itself instead of in a copy")
	flags.StringVar(&o.Ref, "ref", "", "run as if this `ref` had been pushed, such as refs/tags/v1")
	flags.StringVar(&o.PreviousSHA, "previous-sha", "", "run as if the ref had pointed to this `commit` before")
	flags.StringArrayVar(&c.secrets, "secret", nil,
		"give a secret: `NAME` asks for it, NAME=env:VAR and NAME=file:PATH\nsay where it is (repeatable)")
	flags.BoolVar(&o.Mirror, "mirror", false, "let quire/mirror take part, which pushes to another repository")
	flags.StringVar(&o.Config, "config", "", "read the global configuration from this `file`")
}

// run runs what the flags say; again returns the command that runs a job of it
// once more.
func (c *runCommand) run(ctx context.Context, s *session, again func(job string) string) error {
	src, err := c.source()
	if err != nil {
		return missing(s.stdout, err, len(c.options.Jobs)+len(c.options.Only) > 0)
	}
	if c.options.Secrets, err = secrets(ctx, s, c.secrets); err != nil {
		return err
	}
	return runJobs(ctx, s, src, c.options, again)
}

// source finds the pipeline to run. A file that is named takes the place of the
// repository's own, as the unsaved text of an editor does.
func (c *runCommand) source() (*exec.Source, error) {
	if c.pipeline == "" {
		return exec.Find(here(), c.options.SHA)
	}
	text, err := os.ReadFile(c.pipeline)
	if err != nil {
		return nil, usagef("cannot read the pipeline: %v", err)
	}
	src, err := exec.Find(here(), c.options.SHA)
	var none *exec.MissingError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	src.File = source.NewFile(filepath.ToSlash(c.pipeline), string(text))
	c.options.Buffers = map[string]*source.File{pipeline.Path: src.File}
	return src, nil
}

// runJobs runs a pipeline and shows how it goes.
func runJobs(ctx context.Context, s *session, src *exec.Source, o exec.Options, again func(job string) string) error {
	p := newProgress(s.stdout, func(e exec.Event) string {
		showFindings(s, src, e.Jobs)
		return display(src, o, e.SHA)
	})
	// A bug in showing the run must not end the process before the run ended
	// its own.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.Observe = func(e exec.Event) {
		if err := guard(func() error { p.observe(e); return nil }); err != nil {
			cancel(err)
		}
	}
	o.Kill = s.kill
	defer context.AfterFunc(ctx, func() { sayEnding(ctx, s) })()
	request, err := exec.Local(src.Root, o)
	if err != nil {
		return err
	}
	r, err := exec.Run(ctx, request)
	p.close()
	var bug *panicError
	if errors.As(context.Cause(ctx), &bug) {
		return bug
	}
	if err != nil {
		return err
	}
	return conclude(s, r, again)
}

// sayEnding tells who interrupted a run that it ends, and what to do when that
// takes too long.
func sayEnding(ctx context.Context, s *session) {
	var signal signalError
	if s.stderr.screen.Terminal && errors.As(context.Cause(ctx), &signal) && signal.signal != syscall.SIGPIPE {
		fmt.Fprintln(s.stderr, "\nEnding the run. Interrupt again to kill it at once.")
	}
}

// conclude shows a report and returns the error that stands for its outcome.
func conclude(s *session, r *exec.Report, again func(job string) string) error {
	if r.Diagnostics.HasErrors() {
		return showFaults(s, r.Diagnostics)
	}
	if found := aboutConfig(r.Diagnostics); len(found) > 0 {
		fmt.Fprintln(s.stderr)
		_ = render.Diagnostics(s.stderr, s.stderr.screen, found)
	}
	summarize(s.stdout, r, again)
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
func showFindings(s *session, src *exec.Source, jobs []string) {
	snap := snapshot(src)
	found := append(diag.List{}, snap.Loaded()...)
	for _, id := range jobs {
		job, ok := snap.Graph().Job(id)
		if !ok {
			continue
		}
		for _, d := range snap.Findings() {
			if d.File == job.Run.File && job.Run.Span.Encloses(d.Span) {
				found = append(found, d)
			}
		}
	}
	found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Severity() > diag.Warning })
	found.Sort()
	_ = render.Diagnostics(s.stderr, s.stderr.screen, found)
	if len(found) > 0 {
		fmt.Fprintln(s.stderr)
	}
}

// display names what a run runs: the place, and the first 12 digits of the
// commit that is checked out for it.
func display(src *exec.Source, o exec.Options, sha string) string {
	where := src.Root
	if o.SHA != "" {
		where = o.SHA
	}
	where = terminal.Inline(where)
	if o.InPlace {
		where += ", in place"
	}
	if sha != "" {
		where += " (" + sha[:min(12, len(sha))] + ")"
	}
	return where
}
