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
	started func(exec.Event) // called for the start of the run, before anything is written of it

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
	style   terminal.Style
	started int64               // milliseconds since the Unix epoch
	ignored []int               // non-zero exits so far
	partial map[partKey]*string // of each stream the line that is not yet complete
}

// A partKey names one stream of one command of a job.
type partKey struct {
	sh     int
	stream string
}

func newProgress(out *stream, started func(exec.Event)) *progress {
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
		p.job(e).started = e.AtMS
		fmt.Fprintf(p.buf, "\n%s\n", p.out.screen.Paint(terminal.Bold,
			p.out.screen.Sign("▶ ", "> ")+terminal.Plain(e.JobID)))
	case exec.ShStarted:
		p.command(e)
	case exec.Output:
		p.output(e)
	case exec.Log:
		p.lines(e.JobID, e.Message)
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
		p.name = max(p.name, terminal.Width(terminal.Plain(id)))
		p.job(exec.Event{JobID: id})
	}
	p.started(e)
}

// job returns the state of the job of an event.
func (p *progress) job(e exec.Event) *liveJob {
	j := p.jobs[e.JobID]
	if j == nil {
		j = &liveJob{style: palette[len(p.jobs)%len(palette)], partial: map[partKey]*string{}}
		p.jobs[e.JobID] = j
	}
	return j
}

// line writes one line behind the name of a job.
func (p *progress) line(job, text string) {
	name := terminal.Plain(job)
	pad := strings.Repeat(" ", max(p.name-terminal.Width(name), 0))
	prefix := name + pad + p.out.screen.Sign(" │ ", " | ")
	p.buf.WriteString(p.out.screen.Paint(p.job(exec.Event{JobID: job}).style, prefix))
	p.buf.WriteString(text)
	p.buf.WriteByte('\n')
}

func (p *progress) lines(job, text string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		p.line(job, p.out.screen.Output(line))
	}
}

// command writes what is going to run, as a shell would have been asked.
func (p *progress) command(e exec.Event) {
	sign := "$ "
	for line := range strings.SplitSeq(strings.TrimSpace(e.Cmd), "\n") {
		p.line(e.JobID, p.out.screen.Paint(terminal.Dim, sign+p.out.screen.Output(line)))
		sign = "> "
	}
}

func (p *progress) output(e exec.Event) {
	j := p.job(e)
	key := partKey{e.Sh, e.Stream}
	if j.partial[key] == nil {
		j.partial[key] = new(string)
	}
	rest := *j.partial[key] + e.Text
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok && len(rest) < maxPiece {
			break
		}
		p.line(e.JobID, p.out.screen.Output(line))
		rest = after
	}
	*j.partial[key] = rest
}

func (p *progress) finishCommand(e exec.Event) {
	j := p.job(e)
	for _, stream := range []string{"stdout", "stderr"} {
		key := partKey{e.Sh, stream}
		if rest := j.partial[key]; rest != nil && *rest != "" {
			p.line(e.JobID, p.out.screen.Output(*rest))
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
	j := p.job(e)
	if exec.Outcome(e.Outcome) == exec.NotRun {
		return
	}
	r := exec.JobReport{ID: e.JobID, Outcome: exec.Outcome(e.Outcome), Notice: e.Message, IgnoredExits: j.ignored}
	if j.started != 0 {
		r.Started, r.Finished = time.UnixMilli(j.started), time.UnixMilli(e.AtMS)
	} else {
		p.buf.WriteByte('\n')
	}
	fmt.Fprintln(p.buf, jobLine(p.out.screen, r, 0))
}
