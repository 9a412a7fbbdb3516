package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/report"
	"quire/exec"
)

func newValidate(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "validate [PATH|-]...",
		Short: "Check the pipeline without running it",
		Long: `validate reads the pipeline, evaluates it to its jobs, and shows everything that
is wrong with it, and with the configuration that its runs would read. It runs no
job and no command.

PATH is a directory or a ci.fnl; - reads the pipeline from standard input.

short has a line for each diagnostic, which editors take for a place; sarif is
for code scanners, and github annotates a change in a workflow of GitHub.
Except in short, and when several repositories are checked, names of files are
relative to the repository.`,
		Example: `  quire ci validate
  quire ci validate --fix
  quire ci validate --server S2 --deny warnings
  quire ci validate --sha HEAD~3
  quire ci validate - < draft.fnl
  quire ci validate services/*/
  quire ci validate --format json | jq '.diagnostics[].code'
  vim -q <(quire ci validate --format short)`,
		Args: args(cobra.ArbitraryArgs),
	}
	v := &validation{session: s}
	format := addFormat(c, formatShort, formatSARIF, formatGitHub)
	c.Flags().BoolVar(&v.fix, "fix", false, "apply the safe fixes; with -, write the fixed pipeline to\nstandard output")
	c.Flags().Var(&v.deny, "deny", "fail also because of `warnings`")
	c.Flags().StringVarP(&v.sha, "sha", "s", "", "check this `commit` instead of the working tree")
	c.Flags().Var(&v.server, "server", "warn also of what this server would refuse or ignore:\nS1, S2 or H (default: :server of the configuration)")
	for flag, values := range map[string][]string{"deny": {denyWarnings}, "server": v.server.names()} {
		complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
		if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err)
		}
	}
	c.RunE = func(c *cobra.Command, paths []string) error {
		v.format = format.chosen
		settings, err := exec.ReadSettings(c.Context(), "")
		if err != nil {
			return err
		}
		v.checks, v.config = checksFor(settings, exec.Options{}), settings.Diagnostics
		if c.Flags().Changed("server") {
			v.checks.Server = v.server.state
		}
		return v.run(paths)
	}
	return c
}

// A validation is one call of validate.
type validation struct {
	*session
	format format
	fix    bool
	deny   denyFlag
	server serverFlag
	sha    string
	checks analysis.Options
	config diag.List // what is wrong with the configuration
}

// A checked is a pipeline and what was found out about it, with the names of
// files as they are shown.
type checked struct {
	name  string
	found diag.List
	jobs  []*pipeline.Job
}

func (v *validation) run(paths []string) error {
	if err := v.check(paths); err != nil {
		return err
	}
	named := len(paths) > 0
	if !named {
		paths = []string{here()}
	}
	sources, err := v.find(paths)
	if err != nil {
		return v.missing(err, named)
	}
	names := namesFor(sources, v.format)
	var all []checked
	for _, src := range sources {
		snap, err := v.snapshot(src)
		if err != nil {
			return err
		}
		n := names(src)
		all = append(all, checked{n.file(src.File).Name(), n.list(snap.Diagnostics()), n.jobs(listed(snap.Graph()))})
	}
	return v.show(all)
}

// check refuses calls that make no sense.
func (v *validation) check(paths []string) error {
	stdin := 0
	for _, path := range paths {
		if path == "-" {
			stdin++
		}
	}
	switch {
	case stdin > 1:
		return usagef("Standard input can be read only once.")
	case v.fix && v.sha != "":
		return usagef("--fix changes files, and those of a commit cannot be changed.")
	case v.fix && stdin > 0 && v.format != formatText:
		return usagef("--fix writes the pipeline to standard output, where --format %s would write too.", v.format)
	}
	return nil
}

// find finds the pipeline at each of the paths, each pipeline once.
func (v *validation) find(paths []string) ([]*exec.Source, error) {
	var sources []*exec.Source
	seen := map[string]bool{}
	for _, path := range paths {
		src, err := find(v.stdin, path, v.sha)
		if err != nil {
			return nil, err
		}
		if key := src.Root + "\x00" + src.File.Name(); !seen[key] {
			seen[key] = true
			sources = append(sources, src)
		}
	}
	return sources, nil
}

// missing is what there is to say when there is no ci.fnl.
func (v *validation) missing(err error, named bool) error {
	if v.format == formatText {
		return missing(v.stdout, err, named)
	}
	if err := missing(v.stderr, err, named); err != nil {
		return err
	}
	return v.write(nil, nil)
}

// snapshot returns the analysis of a pipeline, fixed before if that is wanted.
func (v *validation) snapshot(src *exec.Source) (*analysis.Snapshot, error) {
	if !v.fix {
		return snapshot(src, v.checks), nil
	}
	f := fixAll(src, v.checks)
	if src.File.Name() == "-" {
		_, err := io.WriteString(v.stdout, f.file.Text())
		return f.snapshot, err
	}
	if err := f.write(); err != nil {
		return nil, err
	}
	if f.applied > 0 {
		fmt.Fprintf(v.stderr, "%s in %s.\n", f.summary(), strings.Join(f.changed(), ", "))
	}
	return f.snapshot, nil
}

// show writes what was found out about all pipelines.
func (v *validation) show(all []checked) error {
	var found diag.List
	var jobs []*pipeline.Job
	stdin := false
	for _, c := range all {
		found, jobs = append(found, c.found...), append(jobs, c.jobs...)
		stdin = stdin || c.name == "-"
	}
	found = append(found, v.config...)
	failed := found.HasErrors() || bool(v.deny) && hasWarnings(found)
	if v.format == formatText {
		if err := render.Diagnostics(v.stderr, v.stderr.screen, found); err != nil {
			return err
		}
		if !failed && !(v.fix && stdin) {
			listAll(v.stdout, all)
		}
	} else if err := v.write(found, jobs); err != nil {
		return err
	}
	if !failed {
		return nil
	}
	if !found.HasErrors() {
		fmt.Fprintln(v.stderr, "Warnings are denied.")
	}
	return errPipeline
}

func hasWarnings(list diag.List) bool {
	for _, d := range list {
		if d.Severity() == diag.Warning {
			return true
		}
	}
	return false
}

// listAll lists the jobs of pipelines that nothing is wrong with.
func listAll(out *stream, all []checked) {
	any := false
	for _, c := range all {
		switch {
		case len(all) > 1:
			fmt.Fprintf(out, "Jobs of %s:\n", c.name)
		case len(c.jobs) > 0:
			fmt.Fprintln(out, "Jobs:")
		}
		listJobs(out, "  ", c.jobs)
		any = any || len(c.jobs) > 0
	}
	if any {
		fmt.Fprintln(out, "\nAll validations passed.")
	}
}

// write writes diagnostics in a format for other programs.
func (v *validation) write(found diag.List, jobs []*pipeline.Job) error {
	switch v.format {
	case formatShort:
		return report.Short(v.stdout, found)
	case formatSARIF:
		return report.SARIF(v.stdout, version(), found)
	case formatGitHub:
		return report.GitHub(v.stdout, found)
	}
	return writeJSON(v.stdout, jsonDiagnosisOf(found, jobs))
}

// find is exec.Find that also takes - for what is written on stdin.
func find(stdin io.Reader, path, sha string) (*exec.Source, error) {
	if path != "-" {
		return exec.Find(path, sha)
	}
	// One byte more than a file may have is enough to refuse it.
	limit := int64(pipeline.DefaultLimits().File) + 1
	text, err := io.ReadAll(io.LimitReader(stdin, limit))
	if err != nil {
		return nil, fmt.Errorf("cannot read standard input: %w", err)
	}
	src, err := exec.Find(here(), sha)
	var none *exec.MissingError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	src.File = source.NewFile("-", string(text))
	return src, nil
}
