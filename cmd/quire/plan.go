package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quire/analysis"
	"quire/analysis/plan"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newPlan(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what an engine needs to know to run the jobs",
		Long: `plan shows what a CI engine has to know to run the jobs of the pipeline on
machines of its own: what each needs, where it wants to run and for how long, and
which secrets its code names. It runs nothing to find out. A secret whose name is
computed, or that code asks for which cannot be followed, is not among them; the
plan says for which jobs that may be so.

An engine runs one job of the plan with "quire ci run --only JOB", given with
--inputs what --outputs wrote for the jobs that it needs.`,
		Example: `  quire ci plan
  quire ci plan --format json
  quire ci plan --schema              # of the JSON`,
		Args: args(cobra.NoArgs),
	}
	format := addFormat(c)
	sha := c.Flags().StringP("sha", "s", "", "plan this `commit` instead of the working tree")
	schema := c.Flags().Bool("schema", false, "print the JSON Schema of --format json, and no plan")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *schema {
			_, err := s.stdout.Write(plan.Schema)
			return err
		}
		p, err := planOf(c.Context(), s, *sha)
		switch {
		case err != nil:
			return err
		case format.chosen == formatJSON:
			return writeJSON(s.stdout, p)
		}
		writeJobs(s.stdout, p)
		return nil
	}
	return c
}

// planOf returns the plan of the repository around the current directory, when
// nothing is wrong with its pipeline.
func planOf(ctx context.Context, s *session, sha string) (*plan.Plan, error) {
	src, err := exec.Find(here(), sha)
	if err != nil {
		return nil, missing(s.stdout, err, true)
	}
	settings, err := exec.ReadSettings(ctx, "")
	if err != nil {
		return nil, err
	}
	snap := snapshot(src, analysis.Options{})
	if err := showFaults(s, slices.Concat(snap.Loaded(), settings.Diagnostics)); err != nil {
		return nil, err
	}
	head, changed, err := src.Head(ctx)
	if err != nil {
		return nil, err
	}
	commit := plan.Commit{Changed: changed}
	if head != "" {
		commit.SHA = &head
	}
	return plan.New(snap, commit), nil
}

// writeJobs writes a plan, a job a line.
func writeJobs(out *stream, p *plan.Plan) {
	if len(p.Jobs) == 0 {
		fmt.Fprintln(out, "No jobs registered.")
		return
	}
	dim := func(text string) string { return out.screen.Paint(terminal.Dim, text) }
	for _, j := range p.Jobs {
		line := fmt.Sprintf("%s %s [%s]", out.screen.Paint(terminal.Bold, terminal.Inline(j.ID)), out.screen.Sign("←", "<-"),
			inline(slices.Concat(j.Needs, j.Triggers)))
		if len(j.Labels) > 0 {
			line += dim(" on ") + inline(j.Labels)
		}
		if t := j.TimeLimit(); t > 0 {
			line += dim(" within ") + t.String()
		}
		switch {
		case len(j.Secrets) > 0 && j.SecretsCertain:
			line += dim(" with the secrets ") + inline(j.Secrets)
		case len(j.Secrets) > 0:
			line += dim(" with the secrets ") + inline(j.Secrets) + dim(" and perhaps others")
		case !j.SecretsCertain:
			line += dim(" with secrets that are not known")
		}
		fmt.Fprintln(out, line)
	}
}

// inline joins names as a line shows them.
func inline(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = terminal.Inline(name)
	}
	return strings.Join(shown, ", ")
}
