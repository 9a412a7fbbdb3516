package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// nameHelp says how a run is named.
const nameHelp = `RUN is the beginning of an id, last, or last-failed, which is the last run that
ended without success.`

// recordedRuns opens the runs of this repository.
func recordedRuns() (*exec.Runs, error) { return exec.OpenRuns(here(), exec.Options{}) }

// findRun reads the run of this repository with a name.
func findRun(name string) (*exec.StoredRun, error) {
	runs, err := recordedRuns()
	if err != nil {
		return nil, err
	}
	return runs.Find(name)
}

// completeRuns completes the names of runs, with what became of them.
func completeRuns(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := []string{exec.LastRun + "\tthe newest run", exec.LastFailedRun + "\tthe newest that did not succeed"}
	runs, err := recordedRuns()
	if err != nil {
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	const most = 20
	list, err := runs.List(most)
	if err != nil {
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for _, r := range list {
		names = append(names, fmt.Sprintf("%s\t%s, %s", r.ID, outcomeOf(r), age(time.Since(r.Created))))
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeRunAndJob completes the name of a run, and behind it those of its jobs.
func completeRunAndJob(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return completeRuns(c, args, prefix)
	}
	run, err := findRun(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, j := range run.Jobs {
		names = append(names, j.ID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// namedRun returns the report of a run with its files under the names that are
// shown here.
func namedRun(r *exec.StoredRun) *exec.Report {
	return named(&r.Report, naming{prefix: fromHere(r.Root), files: map[*source.File]*source.File{}})
}

// outcomeOf is an outcome in a word. A run that quire did not bring to its end
// was interrupted, or could not be carried out.
func outcomeOf(r *exec.StoredRun) string {
	if r.Outcome == exec.Internal && strings.HasPrefix(r.Error, "interrupted") {
		return "interrupted"
	}
	return string(r.Outcome)
}

// shortRef is a ref as people call it.
func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/"} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return terminal.Inline(name)
		}
	}
	return terminal.Inline(ref)
}

// shortSHA is as much of a commit as tells it from others.
func shortSHA(sha string) string { return terminal.Inline(sha[:min(12, len(sha))]) }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// age says how long ago something was.
func age(d time.Duration) string {
	ago := func(n int, unit string) string { return count(n, unit) + " ago" }
	switch {
	case d < time.Second:
		return "just now"
	case d < time.Minute:
		return ago(int(d.Seconds()), "second")
	case d < time.Hour:
		return ago(int(d.Minutes()), "minute")
	case d < 24*time.Hour:
		return ago(int(d.Hours()), "hour")
	}
	return ago(int(d.Hours()/24), "day")
}

// byteCount says how many bytes as people do.
func byteCount(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/unit, "kMGTPE"
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, units[0])
}

// table writes rows with their columns lined up.
func table(out *stream, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], terminal.Columns(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-terminal.Columns(cell)+2))
			}
		}
		line := strings.TrimRight(b.String(), " ")
		if out.screen.Terminal {
			line = out.screen.Fit(line, out.screen.Width)
		}
		fmt.Fprintln(out, line)
	}
}
