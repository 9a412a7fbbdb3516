package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"quire/analysis"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

func newValidate(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "validate [PATH|-]",
		Short: "Check the pipeline without running it",
		Long: `validate reads the pipeline, evaluates it to its jobs, and shows everything that
is wrong with it. It runs no job and no command.

PATH is a directory or a ci.fnl; - reads the pipeline from standard input.`,
		Example: `  quire ci validate
  quire ci validate --sha HEAD~3
  quire ci validate - < draft.fnl
  quire ci validate --format json | jq '.diagnostics[].code'`,
		Args: args(cobra.MaximumNArgs(1)),
	}
	format := addFormat(c)
	sha := c.Flags().StringP("sha", "s", "", "check this `commit` instead of the working tree")
	c.RunE = func(_ *cobra.Command, paths []string) error {
		path, named := here(), len(paths) > 0
		if named {
			path = paths[0]
		}
		src, err := find(s.stdin, path, *sha)
		if err != nil {
			return missingListing(s, err, named, *format, jsonDiagnosisOf(nil, &pipeline.Graph{}))
		}
		return validate(s, snapshot(src), *format)
	}
	return c
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

func validate(s *session, snap *analysis.Snapshot, format formatFlag) error {
	found := snap.Diagnostics()
	if format == formatJSON {
		if err := writeJSON(s.stdout, jsonDiagnosisOf(found, snap.Graph())); err != nil {
			return err
		}
		if found.HasErrors() {
			return errPipeline
		}
		return nil
	}
	if err := report(s, found); err != nil {
		return err
	}
	jobs := listed(snap.Graph())
	if len(jobs) > 0 {
		fmt.Fprintln(s.stdout, "Jobs:")
	}
	listJobs(s.stdout, "  ", jobs)
	if len(jobs) > 0 {
		fmt.Fprintln(s.stdout, "\nAll validations passed.")
	}
	return nil
}
