package progress

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// maxPiece is how much of a line is collected before its piece is shown as if
// it were a line.
const maxPiece = 16 << 10

// A transcript turns the events of jobs into lines of text.
type transcript struct {
	screen terminal.Screen
	jobs   map[string]*jobLines
	emit   func(job, line string) // is given each line, without line feed
	said   func(job, line string) // is given each line but those of commands; may be nil
}

// A jobLines is what a transcript knows of a job.
type jobLines struct {
	started int64 // milliseconds since the Unix epoch, 0 before
	ignored []int // non-zero exits so far
	// partial holds, of each stream, the line that is not yet complete.
	partial map[partKey]string
}

// A partKey names one stream of one command of a job.
type partKey struct {
	sh     int
	stream string
}

func newTranscript(screen terminal.Screen, emit func(job, line string)) *transcript {
	return &transcript{screen: screen, jobs: map[string]*jobLines{}, emit: emit}
}

func (t *transcript) job(id string) *jobLines {
	j := t.jobs[id]
	if j == nil {
		j = &jobLines{partial: map[partKey]string{}}
		t.jobs[id] = j
	}
	return j
}

// observe takes an event of a job.
func (t *transcript) observe(e exec.Event) {
	switch e.Type {
	case exec.JobStarted:
		t.job(e.JobID).started = e.AtMS
	case exec.ShStarted:
		t.command(e)
	case exec.Output:
		t.output(e)
	case exec.Log:
		for text := range strings.SplitSeq(strings.TrimSuffix(e.Message, "\n"), "\n") {
			t.say(e.JobID, t.screen.Output(text))
		}
	case exec.ShFinished:
		t.finishCommand(e)
	case exec.JobFinished:
		t.flush(e.JobID)
	}
}

func (t *transcript) say(job, line string) {
	t.emit(job, line)
	if t.said != nil {
		t.said(job, line)
	}
}

// command emits what is going to run, as a shell would have been asked.
func (t *transcript) command(e exec.Event) {
	first, rest, more := strings.Cut(strings.TrimSpace(e.Cmd), "\n")
	write := func(sign, line string) {
		t.emit(e.JobID, t.screen.Paint(terminal.Dim, sign+terminal.Inline(line)))
	}
	write("$ ", first)
	if !more {
		return
	}
	lines := strings.Split(rest, "\n")
	indent := commonIndent(lines)
	for _, line := range lines {
		write("> ", strings.TrimPrefix(line, indent))
	}
}

// commonIndent returns the white space that all lines begin with, blank ones
// aside.
func commonIndent(lines []string) string {
	common, found := "", false
	for _, line := range lines {
		text := strings.TrimLeft(line, " \t")
		if text == "" {
			continue
		}
		indent := line[:len(line)-len(text)]
		if !found {
			common, found = indent, true
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

func (t *transcript) output(e exec.Event) {
	j := t.job(e.JobID)
	key := partKey{e.Sh, e.Stream}
	begun, rest := j.partial[key], e.Text
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if begun != "" {
			line, begun = begun+line, ""
		}
		if !ok && len(line) < maxPiece {
			rest = line
			break
		}
		t.say(e.JobID, t.screen.Output(line))
		rest = after
		if rest == "" {
			break
		}
	}
	j.partial[key] = rest
}

// flush emits the lines of a job that will not be completed. A command that a
// cancelled run ended does not finish.
func (t *transcript) flush(job string) {
	j := t.job(job)
	keys := slices.SortedFunc(maps.Keys(j.partial), func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.sh, b.sh), -cmp.Compare(a.stream, b.stream)) // stdout before stderr
	})
	for _, key := range keys {
		if rest := j.partial[key]; rest != "" {
			t.say(job, t.screen.Output(rest))
		}
	}
	clear(j.partial)
}

func (t *transcript) finishCommand(e exec.Event) {
	t.flush(e.JobID)
	j := t.job(e.JobID)
	if e.Exit != nil && *e.Exit != 0 {
		j.ignored = append(j.ignored, *e.Exit)
		how := fmt.Sprintf("exit %d", *e.Exit)
		if e.Signal != "" {
			how = e.Signal
		}
		t.say(e.JobID, t.screen.Paint(terminal.Yellow, "("+how+")"))
	}
}

// result says how a job that is over went, with its name filled up to width
// columns.
func (t *transcript) result(e exec.Event, width int) string {
	j := t.job(e.JobID)
	r := exec.JobReport{ID: e.JobID, Outcome: exec.Outcome(e.Outcome), Notice: e.Message, IgnoredExits: j.ignored}
	if j.started != 0 {
		r.Started, r.Finished = time.UnixMilli(j.started), time.UnixMilli(e.AtMS)
	}
	line := jobLine(t.screen, r, width)
	if r.Notice != "" && r.Outcome != exec.Failed {
		line += ": " + t.screen.Output(firstLine(r.Notice))
	}
	return line
}

// note says something about the whole run, one line for each of the message.
func note(screen terminal.Screen, message string) string {
	var b strings.Builder
	for text := range strings.SplitSeq(strings.TrimSuffix(message, "\n"), "\n") {
		fmt.Fprintf(&b, "%s %s\n", screen.Paint(terminal.Cyan, "note:"), screen.Output(text))
	}
	return b.String()
}

// heading begins what a job has to show.
func heading(screen terminal.Screen, job string) string {
	return screen.Paint(terminal.Bold, screen.Sign("▶ ", "> ")+terminal.Inline(job))
}

// nameWidth returns the columns of the widest of the names.
func nameWidth(jobs []string) int {
	width := 0
	for _, id := range jobs {
		width = max(width, terminal.Width(terminal.Inline(id)))
	}
	return width
}

// palette sets jobs apart. Red is left for what failed.
func palette(i int) terminal.Style {
	styles := [...]terminal.Style{terminal.Cyan, terminal.Magenta, terminal.Green, terminal.Blue, terminal.Yellow}
	return styles[i%len(styles)]
}

// unfinished returns the line that the stream of an output event has begun.
func (t *transcript) unfinished(e exec.Event) string {
	return t.screen.Output(t.job(e.JobID).partial[partKey{e.Sh, e.Stream}])
}
