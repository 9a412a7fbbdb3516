package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func (c *runCommand) addWatch(flags *pflag.FlagSet) {
	flags.BoolVar(&c.watching, "watch", false,
		"run again whenever a file changes that git does not ignore; a change\nof the pipeline runs the jobs that changed and those that need them")
}

// checkWatch refuses what cannot change, or be run again.
func (c *runCommand) checkWatch() error {
	switch {
	case !c.watching:
	case c.options.SHA != "":
		return usagef("a commit does not change: leave out --sha or --watch.")
	case c.pipeline != "":
		return usagef("--watch follows the repository's own pipeline: leave out --pipeline.")
	case c.dry.on:
		return usagef("a dry run has nothing to wait for: leave out --dry-run or --watch.")
	}
	return nil
}

// watch runs what the flags say whenever something changed, until it is
// interrupted.
func (c *runCommand) watch(ctx context.Context, s *session, again again) error {
	human := c.output.human(s)
	return exec.Watch(ctx, here(), c.options, func(ctx context.Context, o exec.Options, change exec.Change) *exec.Report {
		announce(human, change)
		var r *exec.Report
		var err error
		if change.Jobs == nil || len(change.Jobs) > 0 {
			r, err = c.again(ctx, s, o, again)
		}
		if err != nil && !errors.Is(err, errPipeline) {
			s.complain(err)
		}
		if ctx.Err() == nil {
			fmt.Fprintf(human, "\n%s\n", human.screen.Paint(terminal.Dim, "Waiting for a change. An interrupt ends this."))
		}
		return r
	})
}

// again runs jobs as they are now.
func (c *runCommand) again(ctx context.Context, s *session, o exec.Options, again again) (*exec.Report, error) {
	src, err := c.source()
	if err != nil {
		return nil, err
	}
	out, err := c.output.open(s)
	if err != nil {
		return nil, err
	}
	return runJobs(ctx, s, src, o, out, again)
}

// announce says what changed, and what that has run.
func announce(out *stream, change exec.Change) {
	if len(change.Paths) == 0 {
		return
	}
	const most = 3
	var paths []string
	for _, path := range change.Paths[:min(most, len(change.Paths))] {
		if path == "." {
			path = "more than could be followed"
		}
		paths = append(paths, terminal.Inline(path))
	}
	text := strings.Join(paths, ", ")
	if more := len(change.Paths) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	what := "running again"
	switch {
	case change.Broken:
		what = "it cannot be run"
	case change.Jobs == nil:
	case len(change.Jobs) == 0:
		what = "no job is concerned"
	default:
		var jobs []string
		for _, id := range change.Jobs {
			jobs = append(jobs, terminal.Inline(id))
		}
		what = "running " + strings.Join(jobs, ", ")
	}
	fmt.Fprintf(out, "\n%s changed: %s\n\n", out.screen.Paint(terminal.Bold, text), what)
}
