package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A board is the jobs of a run as a live view draws them.
type board struct {
	screen  terminal.Screen
	started time.Time
	width   int        // of job names
	waiting []string   // in their order
	running []*running // in the order they started
	total   int
	counts  map[exec.Outcome]int
}

// A running job.
type running struct {
	id      string
	style   terminal.Style
	started time.Time
	command string
	tail    []string // last complete lines
	partial string   // the line that is not yet complete
}

// begin takes the event that the run started.
func (b *board) begin(e exec.Event) {
	b.started = time.UnixMilli(e.AtMS)
	b.waiting = slices.Clone(e.Jobs)
	b.total = len(e.Jobs)
	b.width = nameWidth(e.Jobs)
	b.counts = map[exec.Outcome]int{}
}

func (b *board) start(e exec.Event) {
	b.leaveWaiting(e.JobID)
	b.running = append(b.running, &running{id: e.JobID, style: palette(b.total - len(b.waiting) - 1),
		started: time.UnixMilli(e.AtMS)})
}

func (b *board) leaveWaiting(job string) {
	b.waiting = slices.DeleteFunc(b.waiting, func(id string) bool { return id == job })
}

func (b *board) find(job string) *running {
	i := slices.IndexFunc(b.running, func(r *running) bool { return r.id == job })
	if i < 0 {
		return nil
	}
	return b.running[i]
}

func (b *board) command(job, cmd string) {
	if r := b.find(job); r != nil {
		r.command = terminal.Inline(firstLine(strings.TrimSpace(cmd)))
	}
}

func (b *board) line(job, text string) {
	if r := b.find(job); r != nil {
		if len(r.tail) == tailKept {
			r.tail = append(r.tail[:0], r.tail[1:]...)
		}
		r.tail = append(r.tail, text)
		r.partial = ""
	}
}

func (b *board) partial(job, text string) {
	if r := b.find(job); r != nil {
		r.partial = text
	}
}

// finish takes a job off the board and returns the tail of what it wrote.
func (b *board) finish(job string, o exec.Outcome) []string {
	b.leaveWaiting(job)
	if b.counts == nil {
		b.counts = map[exec.Outcome]int{}
	}
	b.counts[o]++
	r := b.find(job)
	if r == nil {
		return nil
	}
	b.running = slices.DeleteFunc(b.running, func(one *running) bool { return one == r })
	return r.lines()
}

// lines returns the last lines of a job, complete or not.
func (r *running) lines() []string {
	if r.partial == "" {
		return r.tail
	}
	return append(slices.Clone(r.tail), r.partial)
}

// lines draws the board into at most height lines of at most width columns.
func (b *board) lines(now time.Time, width, height int) []string {
	if b.total == 0 || width < 1 || height < 1 {
		return nil
	}
	status := b.status(now)
	shown := b.running[:min(len(b.running), height-1)]
	room := height - 1 - len(shown)
	waiting := b.waits(room)
	room -= len(waiting)
	if room > 0 && len(b.running)+len(b.waiting) > 0 {
		room-- // for the empty line above the status
	}
	var lines []string
	for i, tail := range tails(shown, room) {
		r := shown[i]
		lines = append(lines, b.runs(r, now))
		for _, line := range tail {
			lines = append(lines, "  "+b.screen.Paint(r.style, b.screen.Sign("│", "|"))+" "+line)
		}
	}
	lines = append(lines, waiting...)
	if len(lines) > 0 && len(lines) < height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, status)
	for i, line := range lines {
		lines[i] = b.screen.Fit(line, width)
	}
	return lines
}

// tails returns the last lines of jobs, as many as there is room for, shared
// fairly.
func tails(jobs []*running, room int) [][]string {
	lines := make([][]string, len(jobs))
	shown := make([]int, len(jobs))
	for i, r := range jobs {
		lines[i] = r.lines()
	}
	for range maxTail(len(jobs)) {
		for i := range jobs {
			if room > 0 && shown[i] < len(lines[i]) {
				shown[i]++
				room--
			}
		}
	}
	for i := range lines {
		lines[i] = lines[i][len(lines[i])-shown[i]:]
	}
	return lines
}

// maxTail returns how many lines of output each of n jobs shows at most.
func maxTail(n int) int {
	switch {
	case n <= 1:
		return 10
	case n <= 3:
		return 6
	}
	return 3
}

// runs draws the line of a running job.
func (b *board) runs(r *running, now time.Time) string {
	frames := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	if !b.screen.Unicode {
		frames = []string{"|", "/", "-", `\`}
	}
	elapsed := max(now.Sub(r.started), 0)
	name := terminal.Inline(r.id)
	line := b.screen.Paint(r.style, frames[int(elapsed/drawEvery)%len(frames)]) + " " +
		b.screen.Paint(terminal.Bold, name) + strings.Repeat(" ", max(b.width-terminal.Width(name), 0)) + " " +
		fmt.Sprintf("%-9s", exec.Elapsed(elapsed))
	if r.command != "" {
		line += " " + b.screen.Paint(terminal.Dim, "$ "+r.command)
	}
	return line
}

// maxWaiting is how many waiting jobs are shown each in a line of its own.
const maxWaiting = 5

// waits draws the jobs that wait into a third of the room, where the last line
// may stand for several.
func (b *board) waits(room int) []string {
	most := min(maxWaiting, (room+2)/3)
	sign := signOf(exec.NotRun).on(b.screen)
	var lines []string
	for i, id := range b.waiting[:min(most, len(b.waiting))] {
		name := terminal.Inline(id)
		text := name + strings.Repeat(" ", max(b.width-terminal.Width(name), 0)) + " waiting"
		if rest := len(b.waiting) - i; i == most-1 && rest > 1 {
			text = fmt.Sprintf("%d more waiting", rest)
			if i == 0 {
				text = fmt.Sprintf("%d waiting", rest)
			}
		}
		lines = append(lines, b.screen.Paint(terminal.Dim, sign+" "+text))
	}
	return lines
}

// status counts the jobs.
func (b *board) status(now time.Time) string {
	over := 0
	for _, n := range b.counts {
		over += n
	}
	parts := []string{fmt.Sprintf("%d of %d done", over, b.total)}
	count := func(n int, style terminal.Style, what string) {
		if n > 0 {
			parts = append(parts, b.screen.Paint(style, fmt.Sprintf("%d %s", n, what)))
		}
	}
	count(b.counts[exec.Failed]+b.counts[exec.Internal], terminal.Red, "failed")
	count(b.counts[exec.Skipped], terminal.Yellow, "skipped")
	count(b.counts[exec.Cancelled], terminal.Yellow, "cancelled")
	count(len(b.running), terminal.None, "running")
	count(len(b.waiting), terminal.None, "waiting")
	parts = append(parts, exec.Elapsed(max(now.Sub(b.started), 0)))
	return strings.Join(parts, b.screen.Paint(terminal.Dim, b.screen.Sign(" · ", ", ")))
}
