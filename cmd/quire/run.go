package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

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
	var o exec.Options
	var file string
	var secretValues []string
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&o.Only, "only", nil, "run just this `job` without what it needs (repeatable)")
	flags.StringVarP(&o.SHA, "sha", "s", "", "run this `commit` instead of the working tree")
	flags.StringVar(&file, "pipeline", "", "run this `file` instead of the repository's own .quire/ci.fnl")
	flags.BoolVar(&o.InPlace, "in-place", false, "run in the working tree itself instead of in a copy")
	flags.StringVar(&o.Ref, "ref", "", "run as if this `ref` had been pushed, such as refs/tags/v1")
	flags.StringVar(&o.PreviousSHA, "previous-sha", "", "run as if the ref had pointed to this `commit` before")
	flags.StringArrayVar(&secretValues, "secret", nil,
		"give a secret: `NAME` asks for it, NAME=env:VAR and NAME=file:PATH\nsay where it is (repeatable)")
	flags.BoolVar(&o.Mirror, "mirror", false, "let quire/mirror take part, which pushes to another repository")
	flags.StringVar(&o.Config, "config", "", "read the global configuration from this `file`")
	if err := c.RegisterFlagCompletionFunc("only", completeJobs); err != nil {
		panic(err)
	}
	c.RunE = func(c *cobra.Command, jobs []string) error {
		o.Jobs = jobs
		var err error
		if o.Secrets, err = secrets(c.Context(), s, secretValues); err != nil {
			return err
		}
		src, err := runSource(&o, file)
		if err != nil {
			return missing(s.stdout, err, len(o.Jobs)+len(o.Only) > 0)
		}
		return runJobs(c.Context(), s, src, o, func(job string) string { return rerun(flags, job) })
	}
	return c
}

// runSource finds the pipeline to run. A file that is named takes the place of
// the repository's own, as the unsaved text of an editor does.
func runSource(o *exec.Options, file string) (*exec.Source, error) {
	if file == "" {
		return exec.Find(here(), o.SHA)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("cannot read the pipeline: %v", err)
	}
	src, err := exec.Find(here(), o.SHA)
	var none *exec.MissingError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	src.File = source.NewFile(filepath.ToSlash(file), string(text))
	o.Buffers = map[string]*source.File{pipeline.Path: src.File}
	return src, nil
}

// runJobs runs what the options say; again returns the command that runs a job
// of it once more.
func runJobs(ctx context.Context, s *session, src *exec.Source, o exec.Options, again func(job string) string) error {
	p := newProgress(s.stdout, nil)
	p.started = func(e exec.Event) {
		showFindings(s, src, e.Jobs)
		fmt.Fprintf(p.buf, "Run %s: executing at %s\n", e.RunID, display(src, o, e.SHA))
	}
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
	if s.stderr.screen.Terminal && errors.As(context.Cause(ctx), &signal) {
		fmt.Fprintln(s.stderr, "\nEnding the run. Interrupt again to kill it at once.")
	}
}

// conclude shows a report and returns the error that stands for its outcome.
func conclude(s *session, r *exec.Report, again func(job string) string) error {
	if r.Diagnostics.HasErrors() {
		return report(s, r.Diagnostics)
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
// which refuses it.
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
	found.Sort()
	_ = render.Diagnostics(s.stderr, s.stderr.screen, found)
	if len(found) > 0 {
		fmt.Fprintln(s.stderr)
	}
}

// display names what a run runs: the place, and the first 12 digits of the
// commit that is checked out for it.
func display(src *exec.Source, o exec.Options, sha string) string {
	where := terminal.Inline(src.Where)
	if o.InPlace {
		where += ", in place"
	}
	if sha != "" {
		where += " (" + sha[:min(12, len(sha))] + ")"
	}
	return where
}

// rerun returns the command line that runs one job again as flags had it run.
func rerun(flags *pflag.FlagSet, job string) string {
	words := []string{"quire", "ci", "run"}
	only := false
	flags.Visit(func(f *pflag.Flag) {
		switch value := f.Value.(type) {
		case pflag.SliceValue:
			if f.Name == "only" {
				only = true
				return
			}
			for _, item := range value.GetSlice() {
				words = append(words, "--"+f.Name, quote(item))
			}
		default:
			if f.Value.Type() == "bool" {
				words = append(words, "--"+f.Name)
			} else {
				words = append(words, "--"+f.Name, quote(f.Value.String()))
			}
		}
	})
	switch {
	case only:
		words = append(words, "--only")
	case strings.HasPrefix(job, "-"):
		words = append(words, "--")
	}
	return strings.Join(append(words, quote(job)), " ")
}

var unquoted = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,][A-Za-z0-9_./:=@%+,-]*$`)

// quote returns a word as a shell reads it.
func quote(word string) string {
	if unquoted.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
