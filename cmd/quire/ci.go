package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newCI(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "ci",
		Short: "Work with the pipeline of this repository",
		Long: `ci works with .quire/ci.fnl of the git repository around the current directory,
or, outside of one, of the nearest directory that holds .quire/.`,
		Example: `  quire ci validate
  quire ci jobs
  quire ci graph
  quire ci run
  quire ci show last`,
	})
	c.AddCommand(newValidate(s), newRun(s), newJobs(s), newGraph(s), newPlan(s), newExport(s),
		newRuns(s), newShow(s), newLogs(s), newReport(s), newPrune(s), newShell(s), newWorker(s))
	return c
}

// snapshot returns the analysis of a pipeline that was found, with its modules
// where it was.
func snapshot(src *exec.Source, o analysis.Options) *analysis.Snapshot {
	o.Tree = src.Tree
	return analysis.New(src.File, o)
}

// checksFor returns the options of an analysis as the global configuration and
// the options of a run decide them.
func checksFor(settings exec.Settings, o exec.Options) analysis.Options {
	checks := analysis.Options{Secrets: settings.Secrets, Server: settings.Server}
	if checks.Secrets != nil {
		checks.Secrets = slices.AppendSeq(checks.Secrets, maps.Keys(o.Secrets))
	}
	return checks
}

// missing tells out that there is no ci.fnl, which is an error about the call
// when something was named, and else nothing to do.
func missing(out *stream, err error, named bool) error {
	var none *exec.MissingError
	if !errors.As(err, &none) {
		return err
	}
	if named {
		return usagef("%v", err)
	}
	fmt.Fprintln(out, err)
	return nil
}

// missingListing is missing for a listing, which in JSON is empty.
func missingListing(s *session, err error, named bool, format format, empty any) error {
	if format == formatText {
		return missing(s.stdout, err, named)
	}
	if err := missing(s.stderr, err, named); err != nil {
		return err
	}
	return writeJSON(s.stdout, empty)
}

// showFaults shows diagnostics, and returns errPipeline when there are errors.
func showFaults(s *session, list diag.List) error {
	if err := render.Diagnostics(s.stderr, s.stderr.screen, list); err != nil {
		return err
	}
	if list.HasErrors() {
		return errPipeline
	}
	return nil
}

// listed returns the jobs that a listing shows: those that can run.
func listed(g *pipeline.Graph) []*pipeline.Job {
	var jobs []*pipeline.Job
	for _, job := range g.Jobs {
		if !job.Broken {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// listJobs writes each job with its inputs on a line of its own.
func listJobs(out *stream, indent string, jobs []*pipeline.Job) {
	if len(jobs) == 0 {
		fmt.Fprintln(out, "No jobs registered.")
		return
	}
	for _, job := range jobs {
		var inputs []string
		for _, input := range job.Inputs {
			inputs = append(inputs, input.Name)
		}
		fmt.Fprintln(out, indent+fmt.Sprintf("%s %s [%s]",
			terminal.Inline(job.ID), out.screen.Sign("←", "<-"), inline(inputs))+declared(job))
	}
}

// declared says what a job declares beside its inputs, behind a space, or
// nothing.
func declared(job *pipeline.Job) string {
	text := ""
	if len(job.Labels) > 0 {
		text += " on " + inline(job.Labels)
	}
	if job.Timeout > 0 {
		text += fmt.Sprintf(" within %v", job.Timeout)
	}
	return text
}

// here is the current directory as messages name it.
func here() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

// completeFiles leaves it to the shell to complete the path of a file.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeJobs completes the names of the jobs of this repository's pipeline.
func completeJobs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	src, err := exec.Find(here(), "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, job := range listed(snapshot(src, analysis.Options{}).Graph()) {
		names = append(names, job.ID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
