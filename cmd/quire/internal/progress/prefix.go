package progress

import (
	"bufio"
	"fmt"
	"strings"
	"sync"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A prefix shows each line as it comes, behind the name of its job.
//
// Lines are collected for a moment before they are written: a write for each
// of a million lines would cost more than the command that made them.
type prefix struct {
	Options

	mu       sync.Mutex // guards what follows
	buf      *bufio.Writer
	later    *time.Timer // writes what is collected
	text     *transcript
	prefixes map[string]string // by job
	last     struct{ job, prefix string }
	width    int // of job names
}

// flushDelay is how long a line may wait to be written.
const flushDelay = 10 * time.Millisecond

func newPrefix(o Options) *prefix {
	p := &prefix{Options: o, buf: bufio.NewWriterSize(o.Out, 64<<10), prefixes: map[string]string{}}
	p.text = newTranscript(o.Screen, p.line)
	p.later = time.AfterFunc(time.Hour, p.flush)
	return p
}

func (p *prefix) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf.Flush()
}

func (p *prefix) Close() {
	p.later.Stop()
	p.flush()
}

func (p *prefix) Say(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.buf, "\n%s\n", message)
	p.buf.Flush()
}

func (p *prefix) Finish(r *exec.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r != nil {
		listJobs(p.buf, p.Screen, r.Jobs)
	}
	p.buf.Flush()
}

func (p *prefix) Observe(e exec.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buf.Buffered() == 0 {
		p.later.Reset(flushDelay)
	}
	switch {
	case e.Type == exec.RunStarted:
		p.begin(e)
	case e.Type == exec.JobFinished:
		p.finishJob(e)
	case e.Type == exec.Log && e.JobID == "":
		p.buf.WriteString(note(p.Screen, e.Message))
	default:
		if e.Type == exec.JobStarted {
			fmt.Fprintf(p.buf, "\n%s\n", heading(p.Screen, e.JobID))
		}
		p.text.observe(e)
	}
}

func (p *prefix) begin(e exec.Event) {
	p.width = nameWidth(e.Jobs)
	for _, id := range e.Jobs {
		p.prefix(id)
	}
	fmt.Fprintln(p.buf, p.header(e))
}

// prefix returns what stands before the lines of a job.
func (p *prefix) prefix(job string) string {
	text, ok := p.prefixes[job]
	if !ok {
		name := terminal.Inline(job)
		name += strings.Repeat(" ", max(p.width-terminal.Width(name), 0))
		text = p.Screen.Paint(palette(len(p.prefixes)), name+p.Screen.Sign(" │ ", " | "))
		p.prefixes[job] = text
	}
	return text
}

func (p *prefix) line(job, text string) {
	if p.last.prefix == "" || p.last.job != job {
		p.last.job, p.last.prefix = job, p.prefix(job)
	}
	p.buf.WriteString(p.last.prefix)
	p.buf.WriteString(text)
	p.buf.WriteByte('\n')
}

// finishJob says how a job went. Jobs that were not even begun are left to the
// list at the end.
func (p *prefix) finishJob(e exec.Event) {
	if exec.Outcome(e.Outcome) == exec.NotRun {
		return
	}
	p.text.observe(e)
	if p.text.job(e.JobID).started == 0 {
		p.buf.WriteByte('\n')
	}
	fmt.Fprintln(p.buf, p.text.result(e, 0))
}
