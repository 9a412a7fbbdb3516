package main

import (
	"bufio"
	"fmt"
	"strings"
	"sync"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A progress writes the events of a run as they come, one line at a time, each
// line of a command behind the name of its job.
//
// Lines are collected for a moment before they are written: a write for each
// of a million lines would cost more than the command that made them.
type progress struct {
	out     *stream
	started func(exec.Event) string // says where the run runs, before anything is written of it

	mu    sync.Mutex // guards what follows
	buf   *bufio.Writer
	later *time.Timer // writes what is collected
	jobs  map[string]*liveJob
	name  int // columns of the widest job name
}

// flushDelay is how long a line may wait to be written.
const flushDelay = 10 * time.Millisecond

// maxPiece is how much of a line is collected before its piece is shown as if
// it were a line.
const maxPiece = 16 << 10

// A liveJob is a job as far as it went.
type liveJob struct {
	prefix  string // of its lines
	started int64  // milliseconds since the Unix epoch
	ignored []int  // non-zero exits so far
	// partial holds, of each stream, the line that is not yet complete.
	partial map[partKey]string
}

// A partKey names one stream of one command of a job.
type partKey struct {
	sh     int
	stream string
}

func newProgress(out *stream, started func(exec.Event) string) *progress {
	p := &progress{out: out, started: started, buf: bufio.NewWriterSize(out, 64<<10), jobs: map[string]*liveJob{}}
	p.later = time.AfterFunc(time.Hour, p.flush)
	return p
}

func (p *progress) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf.Flush()
}

// close writes what is still collected.
func (p *progress) close() {
	p.later.Stop()
	p.flush()
}

// observe takes one event.
func (p *progress) observe(e exec.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buf.Buffered() == 0 {
		p.later.Reset(flushDelay)
	}
	switch e.Type {
	case exec.RunStarted:
		p.begin(e)
	case exec.JobStarted:
		p.job(e.JobID).started = e.AtMS
		fmt.Fprintf(p.buf, "\n%s\n", p.out.screen.Paint(terminal.Bold,
			p.out.screen.Sign("▶ ", "> ")+terminal.Inline(e.JobID)))
	case exec.ShStarted:
		p.command(e)
	case exec.Output:
		p.output(e)
	case exec.Log:
		p.log(e)
	case exec.ShFinished:
		p.finishCommand(e)
	case exec.JobFinished:
		p.finishJob(e)
	}
}

// palette sets jobs apart. Red is left for what failed.
var palette = []terminal.Style{terminal.Cyan, terminal.Magenta, terminal.Green, terminal.Blue, terminal.Yellow}

func (p *progress) begin(e exec.Event) {
	for _, id := range e.Jobs {
		p.name = max(p.name, terminal.Width(terminal.Inline(id)))
	}
	for _, id := range e.Jobs {
		p.job(id)
	}
	fmt.Fprintf(p.buf, "Run %s: executing at %s\n", e.RunID, p.started(e))
}

// job returns the state of a job.
func (p *progress) job(id string) *liveJob {
	j := p.jobs[id]
	if j == nil {
		name := terminal.Inline(id)
		name += strings.Repeat(" ", max(p.name-terminal.Width(name), 0))
		style := palette[len(p.jobs)%len(palette)]
		j = &liveJob{
			prefix:  p.out.screen.Paint(style, name+p.out.screen.Sign(" │ ", " | ")),
			partial: map[partKey]string{},
		}
		p.jobs[id] = j
	}
	return j
}

// line writes one line behind the name of a job.
func (p *progress) line(job, text string) {
	p.buf.WriteString(p.job(job).prefix)
	p.buf.WriteString(text)
	p.buf.WriteByte('\n')
}

// log writes a message of a job, or a notice about the whole run.
func (p *progress) log(e exec.Event) {
	for text := range strings.SplitSeq(strings.TrimSuffix(e.Message, "\n"), "\n") {
		text = p.out.screen.Output(text)
		if e.JobID != "" {
			p.line(e.JobID, text)
		} else {
			fmt.Fprintf(p.buf, "%s %s\n", p.out.screen.Paint(terminal.Cyan, "note:"), text)
		}
	}
}

// command writes what is going to run, as a shell would have been asked.
func (p *progress) command(e exec.Event) {
	first, rest, more := strings.Cut(strings.TrimSpace(e.Cmd), "\n")
	write := func(sign, line string) {
		p.line(e.JobID, p.out.screen.Paint(terminal.Dim, sign+terminal.Inline(line)))
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

func (p *progress) output(e exec.Event) {
	j := p.job(e.JobID)
	key := partKey{e.Sh, e.Stream}
	rest := j.partial[key] + e.Text
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok && len(rest) < maxPiece {
			break
		}
		p.line(e.JobID, p.out.screen.Output(line))
		rest = after
	}
	j.partial[key] = rest
}

func (p *progress) finishCommand(e exec.Event) {
	j := p.job(e.JobID)
	for _, stream := range []string{"stdout", "stderr"} {
		key := partKey{e.Sh, stream}
		if rest := j.partial[key]; rest != "" {
			p.line(e.JobID, p.out.screen.Output(rest))
		}
		delete(j.partial, key)
	}
	if e.Exit != nil && *e.Exit != 0 {
		j.ignored = append(j.ignored, *e.Exit)
		how := fmt.Sprintf("exit %d", *e.Exit)
		if e.Signal != "" {
			how = e.Signal
		}
		p.line(e.JobID, p.out.screen.Paint(terminal.Yellow, "("+how+")"))
	}
}

// finishJob says how a job went. Jobs that were not even begun are left to the
// summary.
func (p *progress) finishJob(e exec.Event) {
	j := p.job(e.JobID)
	if exec.Outcome(e.Outcome) == exec.NotRun {
		return
	}
	r := exec.JobReport{ID: e.JobID, Outcome: exec.Outcome(e.Outcome), Notice: e.Message, IgnoredExits: j.ignored}
	if j.started != 0 {
		r.Started, r.Finished = time.UnixMilli(j.started), time.UnixMilli(e.AtMS)
	} else {
		p.buf.WriteByte('\n')
	}
	line := jobLine(p.out.screen, r, 0)
	if r.Notice != "" && r.Outcome != exec.Failed {
		line += ": " + p.out.screen.Output(firstLine(r.Notice))
	}
	fmt.Fprintln(p.buf, line)
}
