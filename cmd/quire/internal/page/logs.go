package page

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// How much of logs a page holds, in bytes: of one, of all, and of one when there
// is no more room.
const (
	maxLog   = 128 << 10
	maxLogs  = 16 << 20
	leastLog = 4 << 10
)

// A budget is the room for logs.
type budget struct {
	run  *exec.StoredRun
	left int64
}

func newBudget(run *exec.StoredRun) *budget { return &budget{run, maxLogs} }

// excerpt reads a log as far as there is room.
func (b *budget) excerpt(job string, sh int) (exec.Excerpt, error) {
	most := max(min(maxLog, b.left), leastLog)
	x, err := b.run.Excerpt(job, sh, most)
	for _, list := range [][]exec.LogEntry{x.Head, x.Tail} {
		for _, e := range list {
			b.left -= e.Size()
		}
	}
	return x, err
}

// jobOf returns what the page says of a job.
func jobOf(run *exec.StoredRun, r exec.JobReport, times *jobTimes, logs *budget) job {
	j := job{ID: terminal.Inline(r.ID), Anchor: anchor(r.ID), Outcome: outcome(r.Outcome), Took: took(r),
		Notice: clean(r.Notice),
		Open:   r.Outcome == exec.Failed || r.Outcome == exec.Cancelled || r.Outcome == exec.Internal}
	if r.Outcome == exec.Succeeded && len(r.IgnoredExits) > 0 {
		j.Outcome.Text += fmt.Sprintf(" (exit %s ignored)", strings.Trim(fmt.Sprint(r.IgnoredExits), "[]"))
	}
	for _, in := range run.Inputs[r.ID] {
		j.Needs = append(j.Needs, terminal.Inline(in))
	}
	if times == nil {
		return j
	}
	for _, m := range times.steps {
		if m.sh == 0 {
			j.Steps = append(j.Steps, step{Message: clean(m.text)})
			continue
		}
		j.Steps = append(j.Steps, stepOf(r.ID, m, logs))
	}
	for i := range j.Steps {
		j.Steps[i].Open = j.Steps[i].Bad || len(j.Steps) == 1
	}
	return j
}

func stepOf(job string, m moment, logs *budget) step {
	s := step{Command: firstLine(m.text), Bad: m.ended && m.exit != 0}
	_, rest, _ := strings.Cut(strings.TrimSpace(m.text), "\n")
	s.Command, s.Rest = clean(s.Command), clean(rest)
	if m.ended {
		s.Took = exec.Elapsed(m.finished.Sub(m.started))
		s.Exit = exit(m.exit, m.signal)
	}
	x, err := logs.excerpt(job, m.sh)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !m.ended:
		s.Missing = "it was not started"
	case err != nil:
		s.Missing = clean("its log cannot be read: " + err.Error())
	default:
		s.Log, s.Lines = logOf(x)
	}
	return s
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// logOf returns the lines of a log, and how many they are.
func logOf(x exec.Excerpt) (template.HTML, int) {
	var b strings.Builder
	n := writeEntries(&b, x.Head)
	if x.Omitted > 0 {
		fmt.Fprintf(&b, "<span class=\"cut\">… %d bytes of the log are left out here; the record of the run has them …</span>\n", x.Omitted)
		n += writeEntries(&b, x.Tail)
	}
	return template.HTML(b.String()), n
}

// writeEntries writes the lines of entries: pieces of a line of the same stream
// belong together.
func writeEntries(b *strings.Builder, entries []exec.LogEntry) (lines int) {
	begun := map[string]string{}
	var order []string
	for _, e := range entries {
		text, ok := begun[e.Stream]
		if !ok {
			order = append(order, e.Stream)
		}
		begun[e.Stream] = text + string(e.Text)
		if !e.Piece {
			writeLine(b, begun[e.Stream], e.Stream == "stderr")
			begun[e.Stream] = ""
			lines++
		}
	}
	for _, stream := range order {
		if rest := begun[stream]; rest != "" {
			writeLine(b, rest, stream == "stderr")
			lines++
		}
	}
	return lines
}
