package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newRuns(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs of this repository",
		Long: `runs lists the runs that are recorded of this repository, newest first. A run
that was under way when its process was killed, or the machine went down, was
interrupted.`,
		Example: `  quire ci runs
  quire ci runs --limit 1 --format json | jq -r '.runs[].outcome'
  quire ci runs --all-repositories`,
		Args: args(cobra.NoArgs),
	}
	format := addFormat(c)
	limit := c.Flags().Int("limit", 20, "list at most `N` runs; 0 lists all")
	everywhere := c.Flags().Bool("all-repositories", false, "list the runs of all repositories on this machine")
	c.RunE = func(*cobra.Command, []string) error {
		if *limit < 0 {
			return usagef("--limit %d: expected 0 or more.", *limit)
		}
		open := recordedRuns
		if *everywhere {
			open = func() (*exec.Runs, error) { return exec.OpenAllRuns(exec.Options{}) }
		}
		recorded, err := open()
		if err != nil {
			return err
		}
		runs, err := recorded.List(*limit)
		if err != nil {
			return err
		}
		if format.chosen == formatJSON {
			return writeJSON(s.stdout, jsonRunsOf(runs))
		}
		ids, err := recorded.IDs()
		if err != nil {
			return err
		}
		listRuns(s.stdout, runs, uniqueLength(ids), *everywhere)
		return nil
	}
	return c
}

// listRuns writes a line for each run.
func listRuns(out *stream, runs []*exec.StoredRun, length int, everywhere bool) {
	if len(runs) == 0 {
		fmt.Fprintln(out, "No runs yet.")
		return
	}
	head := []string{"RUN", "WHEN", "OUTCOME", "TOOK", "REF", "COMMIT", "JOBS"}
	if everywhere {
		head = append(head, "REPOSITORY")
	}
	for i := range head {
		head[i] = out.screen.Paint(terminal.Dim, head[i])
	}
	rows := [][]string{head}
	for _, r := range runs {
		row := []string{
			terminal.Inline(r.ID[:min(length, len(r.ID))]),
			age(time.Since(r.Created)),
			shownOutcome(out.screen, r),
			exec.Elapsed(took(r)),
			shortRef(r.Ref),
			shortSHA(r.SHA),
			jobSummary(out.screen, r),
		}
		if everywhere {
			row = append(row, terminal.Inline(r.Root))
		}
		rows = append(rows, row)
	}
	table(out, rows)
}

func shownOutcome(screen terminal.Screen, r *exec.StoredRun) string {
	return strings.Replace(progress.Outcome(screen, r.Outcome), string(r.Outcome), outcomeOf(r), 1)
}

// took is how long a run took, so far if it is under way.
func took(r *exec.StoredRun) time.Duration {
	if !r.Ended() {
		return time.Since(r.Started)
	}
	return max(r.Finished.Sub(r.Started), 0)
}

// jobSummary names the jobs that failed, or run, and counts the others.
func jobSummary(screen terminal.Screen, r *exec.StoredRun) string {
	var parts []string
	counts := map[exec.Outcome]int{}
	for _, j := range r.Jobs {
		switch j.Outcome {
		case exec.Failed, exec.Internal:
			parts = append(parts, screen.Paint(terminal.Red, terminal.Inline(j.ID)+" failed"))
		case exec.Running:
			parts = append(parts, terminal.Inline(j.ID)+" running")
		default:
			counts[j.Outcome]++
		}
	}
	const most = 3
	if more := len(parts) - most; more > 0 {
		parts = append(parts[:most], fmt.Sprintf("%d more", more))
	}
	for _, o := range []exec.Outcome{exec.Succeeded, exec.Skipped, exec.Cancelled, exec.Queued, exec.NotRun} {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[o], strings.ReplaceAll(string(o), "-", " ")))
		}
	}
	return strings.Join(parts, ", ")
}

// uniqueLength returns how many characters of ids tell each from the others, at
// least 8.
func uniqueLength(ids []string) int {
	length := 8
	for i := 1; i < len(ids); i++ { // which are sorted
		a, b := ids[i-1], ids[i]
		same := 0
		for same < len(a) && same < len(b) && a[same] == b[same] {
			same++
		}
		length = max(length, same+1)
	}
	return length
}
