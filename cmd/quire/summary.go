package main

import (
	"fmt"
	"strings"
	"time"

	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A sign is how an outcome is shown at the start of a line.
type sign struct {
	unicode, ascii string
	style          terminal.Style
}

var signs = map[exec.Outcome]sign{
	exec.Succeeded: {"✓", "+", terminal.Green},
	exec.Failed:    {"✗", "x", terminal.Red},
	exec.Skipped:   {"○", "o", terminal.Yellow},
	exec.Cancelled: {"■", "!", terminal.Yellow},
	exec.NotRun:    {"·", "-", terminal.Dim},
	exec.Internal:  {"✗", "x", terminal.Red},
}

// jobLine says how a job went, with its name filled up to width columns.
func jobLine(screen terminal.Screen, r exec.JobReport, width int) string {
	sign := signs[r.Outcome]
	name := terminal.Inline(r.ID)
	parts := []string{
		screen.Paint(sign.style, screen.Sign(sign.unicode, sign.ascii)),
		name + strings.Repeat(" ", max(width-terminal.Width(name), 0)),
	}
	if r.Outcome == exec.Succeeded && len(r.IgnoredExits) > 0 {
		parts = append(parts, screen.Paint(terminal.Yellow, ignored(r.IgnoredExits)))
	}
	if r.Outcome != exec.Succeeded {
		parts = append(parts, strings.ReplaceAll(string(r.Outcome), "-", " "))
	}
	if !r.Started.IsZero() && !r.Finished.IsZero() {
		parts = append(parts, screen.Paint(terminal.Dim, duration(r.Finished.Sub(r.Started))))
	}
	return strings.Join(parts, " ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// ignored names the exits of commands that a job did not mind.
func ignored(exits []int) string {
	var text []string
	for _, exit := range exits {
		text = append(text, fmt.Sprint(exit))
	}
	return fmt.Sprintf("(exit %s ignored)", strings.Join(text, ", "))
}

// duration shows a time as people say it: 0.3s, 12.3s, 1m05s, 2h03m.
func duration(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// summarize writes how a run went. What failed first stands last, where the
// eye and the scroll position are.
func summarize(out *stream, r *exec.Report, again func(job string) string) {
	screen := out.screen
	if len(r.Jobs) > 1 {
		width := 0
		for _, job := range r.Jobs {
			width = max(width, terminal.Width(terminal.Inline(job.ID)))
		}
		fmt.Fprintln(out)
		for _, job := range r.Jobs {
			fmt.Fprintln(out, jobLine(screen, job, width))
		}
	}
	took := screen.Paint(terminal.Dim, " "+duration(r.Finished.Sub(r.Started)))
	switch r.Outcome {
	case exec.Succeeded:
		fmt.Fprintf(out, "\n%s%s\n", screen.Paint(terminal.Green, "Run complete."), took)
	case exec.Cancelled:
		fmt.Fprintf(out, "\n%s%s\n", screen.Paint(terminal.Yellow, "Run cancelled."), took)
	default:
		fmt.Fprintf(out, "\n%s%s\n", screen.Paint(terminal.Red, "Run failed."), took)
	}
	for _, job := range r.Jobs {
		if job.Failure != nil {
			explainFailure(out, job, again(job.ID))
			return
		}
	}
}

// explainFailure says why a job failed and what to do next.
func explainFailure(out *stream, job exec.JobReport, again string) {
	screen := out.screen
	f := job.Failure
	fmt.Fprintf(out, "\n%s\n", screen.Paint(terminal.Red, fmt.Sprintf("job '%s' failed", terminal.Inline(job.ID))))
	_ = render.Diagnostic(out, screen, f.Diagnostic)
	row := func(name, text string) {
		if text != "" {
			name = screen.Paint(terminal.Bold, fmt.Sprintf("%-8s", name+":"))
			fmt.Fprintf(out, "  %s %s\n", name, screen.Output(text))
		}
	}
	row("command", firstLine(f.Command))
	row("exit", exitOf(f))
	for _, line := range f.Tail {
		fmt.Fprintf(out, "  %s %s\n", screen.Paint(terminal.Dim, screen.Sign("│", "|")), screen.Output(line))
	}
	row("log", f.Log)
	row("again", again)
}

// exitOf says how the command of a failure ended, or nothing without one.
func exitOf(f *exec.Failure) string {
	switch {
	case f.Command == "":
		return ""
	case f.Signal != "":
		return fmt.Sprintf("%d (%s)", f.Exit, f.Signal)
	}
	return fmt.Sprint(f.Exit)
}
