package progress

import (
	"fmt"
	"io"
	"strings"

	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A sign is how an outcome is shown at the start of a line.
type sign struct {
	unicode, ascii string
	style          terminal.Style
}

// on returns the sign as a screen can show it.
func (s sign) on(screen terminal.Screen) string { return screen.Sign(s.unicode, s.ascii) }

// signOf returns the sign of an outcome.
func signOf(o exec.Outcome) sign {
	switch o {
	case exec.Succeeded:
		return sign{"✓", "+", terminal.Green}
	case exec.Failed, exec.Internal:
		return sign{"✗", "x", terminal.Red}
	case exec.Skipped:
		return sign{"○", "o", terminal.Yellow}
	case exec.Cancelled:
		return sign{"■", "!", terminal.Yellow}
	}
	return sign{"·", "-", terminal.Dim}
}

// jobLine says how a job went, with its name filled up to width columns.
func jobLine(screen terminal.Screen, r exec.JobReport, width int) string {
	sign := signOf(r.Outcome)
	name := terminal.Inline(r.ID)
	parts := []string{
		screen.Paint(sign.style, sign.on(screen)),
		name + strings.Repeat(" ", max(width-terminal.Width(name), 0)),
	}
	if r.Outcome == exec.Succeeded && len(r.IgnoredExits) > 0 {
		parts = append(parts, screen.Paint(terminal.Yellow, r.IgnoredNote()))
	}
	if r.Outcome != exec.Succeeded {
		parts = append(parts, strings.ReplaceAll(string(r.Outcome), "-", " "))
	}
	if r.Reused != "" {
		parts = append(parts, screen.Paint(terminal.Dim, "re-used"))
	}
	if !r.Started.IsZero() && !r.Finished.IsZero() {
		parts = append(parts, screen.Paint(terminal.Dim, exec.Elapsed(r.Finished.Sub(r.Started))))
	}
	return strings.Join(parts, " ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// listJobs writes how each of several jobs went.
func listJobs(w io.Writer, screen terminal.Screen, jobs []exec.JobReport) {
	if len(jobs) < 2 {
		return
	}
	ids := make([]string, len(jobs))
	for i, job := range jobs {
		ids[i] = job.ID
	}
	width := nameWidth(ids)
	fmt.Fprintln(w)
	for _, job := range jobs {
		fmt.Fprintln(w, jobLine(screen, job, width))
	}
}

// ListJobs writes how each job went, with what there is to say of it.
func ListJobs(w io.Writer, screen terminal.Screen, jobs []exec.JobReport) {
	ids := make([]string, len(jobs))
	for i, job := range jobs {
		ids[i] = job.ID
	}
	width := nameWidth(ids)
	for _, job := range jobs {
		line := jobLine(screen, job, width)
		if job.Notice != "" {
			line = strings.TrimRight(line, " ") + ": " + screen.Output(firstLine(job.Notice))
		}
		fmt.Fprintln(w, line)
	}
}

// Outcome returns an outcome as it is shown, behind its sign.
func Outcome(screen terminal.Screen, o exec.Outcome) string {
	sign := signOf(o)
	return screen.Paint(sign.style, sign.on(screen)) + " " + strings.ReplaceAll(string(o), "-", " ")
}

// Conclude writes the outcome of a run and explains what failed first. That
// stands last, where the eye and the scroll position are. again returns the
// command line that runs a job once more.
func Conclude(w io.Writer, screen terminal.Screen, r *exec.Report, again func(job string) string) {
	took := screen.Paint(terminal.Dim, " "+exec.Elapsed(r.Finished.Sub(r.Started)))
	switch r.Outcome {
	case exec.Succeeded:
		fmt.Fprintf(w, "\n%s%s\n", screen.Paint(terminal.Green, "Run complete."), took)
	case exec.Cancelled:
		fmt.Fprintf(w, "\n%s%s\n", screen.Paint(terminal.Yellow, "Run cancelled."), took)
	default:
		fmt.Fprintf(w, "\n%s%s\n", screen.Paint(terminal.Red, "Run failed."), took)
	}
	for _, job := range r.Jobs {
		if job.Failure != nil {
			Explain(w, screen, job, again(job.ID))
			return
		}
	}
}

// Explain says why a job failed and what to do next: again, unless it is empty.
func Explain(out io.Writer, screen terminal.Screen, job exec.JobReport, again string) {
	f := job.Failure
	fmt.Fprintf(out, "\n%s\n", screen.Paint(terminal.Red, fmt.Sprintf("job '%s' failed", terminal.Inline(job.ID))))
	_ = render.Diagnostic(out, screen, f.Diagnostic)
	row := func(name, text string) {
		if text != "" {
			name = screen.Paint(terminal.Bold, fmt.Sprintf("%-8s", name+":"))
			fmt.Fprintf(out, "  %s %s\n", name, screen.Output(text))
		}
	}
	command, _, more := strings.Cut(strings.TrimSpace(f.Command), "\n")
	if more {
		command += screen.Sign(" …", " ...")
	}
	row("command", command)
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
