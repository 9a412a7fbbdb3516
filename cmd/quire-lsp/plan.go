package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"

	"quire/exec"
)

// showPlan shows what a dry run found out that a run would execute.
func (s *server) showPlan(run *liveRun, report *exec.Report, err error) {
	if err != nil || report.Outcome == exec.Cancelled || len(report.Jobs) == 0 {
		if err == nil && report.Outcome == exec.Succeeded {
			s.message(s.ctx, protocol.MessageTypeInfo, run.progress.title+": there is no job to run")
		}
		return // what went wrong has been said
	}
	s.showText(s.ctx, filepath.Base(run.root)+"-plan.txt", planText(report), "Plan")
}

// planText lists the commands of each job, as quire ci run --dry-run does.
func planText(report *exec.Report) string {
	var b strings.Builder
	assumed := false
	for i, job := range report.Jobs {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(job.ID)
		if job.Outcome == exec.Skipped || job.Outcome == exec.NotRun {
			b.WriteString(" " + strings.ReplaceAll(string(job.Outcome), "-", " "))
		}
		if job.Notice != "" {
			b.WriteString(": " + job.Notice)
		}
		b.WriteString("\n")
		for _, c := range job.Commands {
			assumed = assumed || !c.Certain
			writePlanned(&b, c)
		}
		if f := job.Failure; f != nil {
			how := "✗ fails"
			if job.Assumed {
				how, assumed = "? may fail", true
			}
			fmt.Fprintf(&b, "  %s: %s\n", how, brief(f.Diagnostic.Message))
		}
	}
	if assumed {
		b.WriteString("\n? depends on how commands before it go: each was taken to exit with 0 and to write nothing.\n")
	}
	return b.String()
}

func writePlanned(b *strings.Builder, c exec.PlannedCommand) {
	mark := "$"
	if !c.Certain {
		mark = "?"
	}
	for line := range strings.Lines(c.String()) {
		fmt.Fprintf(b, "  %s %s\n", mark, legible(line))
		mark = " "
	}
	if c.Dir != "" {
		fmt.Fprintf(b, "    in %s\n", c.Dir)
	}
	if c.Timeout != 0 {
		fmt.Fprintf(b, "    at most %v\n", c.Timeout)
	}
}

// rerunArgs returns what was run last of a repository: by this session, or else
// by whoever ran something.
func (s *server) rerunArgs(args rerunArgs) (runArgs, error) {
	root, _ := locate(args.URI)
	if root == "" {
		return runArgs{}, invalid("uri: %q is no file below a directory .quire", args.URI)
	}
	if last, ok := s.runs.lastArgs(root); ok {
		last.URI = args.URI
		return last, nil
	}
	run, err := s.findRun(exec.LastRun, root)
	if err != nil {
		return runArgs{}, err
	}
	again := runArgs{URI: args.URI, Options: s.settings(root).Run.options()}
	for _, j := range run.Jobs {
		again.Jobs = append(again.Jobs, j.ID)
	}
	if len(again.Jobs) == 0 {
		return runArgs{}, refused(errors.New("the last run had no jobs"))
	}
	// With what they need they are no more than they were, unless the run was of
	// these alone.
	for _, j := range run.Jobs {
		for _, input := range run.Inputs[j.ID] {
			again.Only = again.Only || !isSource(input) && !run.HasJob(input)
		}
	}
	return again, nil
}

// isSource reports whether an input names a source, such as quire/push.
func isSource(input string) bool { return strings.Contains(input, "/") }
