package progress

import (
	"bufio"
	"sync"
	"time"

	"quire/exec"
)

// A raw view shows what the commands of one job write, and nothing else.
type raw struct {
	job string
	sh  int // the only command that is shown, or 0

	mu    sync.Mutex // guards what follows
	buf   *bufio.Writer
	later *time.Timer
	text  *transcript
}

// NewRaw returns a view of the lines that the commands of a job write, or only
// one of them, without anything around them. Of the options only Out and Screen
// matter.
func NewRaw(o Options, job string, sh int) View {
	v := &raw{job: job, sh: sh, buf: bufio.NewWriterSize(o.Out, 64<<10)}
	v.text = newTranscript(o.Screen, func(_, line string) {
		v.buf.WriteString(line)
		v.buf.WriteByte('\n')
	})
	v.later = time.AfterFunc(time.Hour, v.flush)
	return v
}

func (v *raw) Observe(e exec.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.JobID != v.job || v.sh != 0 && e.Sh != 0 && e.Sh != v.sh {
		return
	}
	if v.buf.Buffered() == 0 {
		v.later.Reset(flushDelay)
	}
	switch e.Type {
	case exec.Output:
		v.text.observe(e)
	case exec.ShFinished, exec.JobFinished:
		v.text.flush(e.JobID)
	}
}

func (v *raw) flush() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buf.Flush()
}

// Say does nothing: a message is no output.
func (v *raw) Say(string) {}

// Finish does nothing: the outcome is no output.
func (v *raw) Finish(*exec.Report) {}

func (v *raw) Close() {
	v.later.Stop()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.text.flush(v.job)
	v.buf.Flush()
}
