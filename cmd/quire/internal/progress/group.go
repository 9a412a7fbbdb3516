package progress

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"sync"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A buffered view keeps what jobs write until it is known what to do with it.
type buffered struct {
	Options
	style bufferedStyle

	mu     sync.Mutex // guards what follows
	buf    *bufio.Writer
	text   *transcript
	spools spools
}

// A bufferedStyle decides what a buffered view shows, by writing it.
type bufferedStyle interface {
	began(v *buffered, e exec.Event)
	noted(v *buffered, message string)
	ended(v *buffered, e exec.Event) // a job, with its outcome
	finished(v *buffered, jobs []exec.JobReport)
}

func newBuffered(o Options, style bufferedStyle) *buffered {
	v := &buffered{Options: o, style: style, buf: bufio.NewWriterSize(o.Out, 64<<10), spools: spools{}}
	v.text = newTranscript(o.Screen, v.spools.line)
	return v
}

func (v *buffered) Observe(e exec.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case e.Type == exec.RunStarted:
		v.style.began(v, e)
	case e.Type == exec.Log && e.JobID == "":
		v.style.noted(v, e.Message)
	case e.Type == exec.JobFinished:
		v.text.observe(e)
		v.style.ended(v, e)
	default:
		v.text.observe(e)
		return
	}
	v.buf.Flush()
}

func (v *buffered) Say(message string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.buf, "\n%s\n", message)
	v.buf.Flush()
}

func (v *buffered) Finish(r *exec.Report) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r != nil {
		v.style.finished(v, r.Jobs)
	}
	v.buf.Flush()
}

func (v *buffered) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buf.Flush()
	v.spools.discard()
}

// Group shows what a job wrote when it is over.
type group struct{ workflow bool }

func (g *group) began(v *buffered, e exec.Event)   { fmt.Fprintln(v.buf, v.header(e)) }
func (g *group) noted(v *buffered, message string) { v.buf.WriteString(note(v.Screen, message)) }

func (g *group) ended(v *buffered, e exec.Event) {
	v.buf.WriteByte('\n')
	if kept := v.spools[e.JobID]; kept != nil {
		if g.workflow {
			fmt.Fprintf(v.buf, "::group::%s\n", terminal.Inline(e.JobID))
		} else {
			fmt.Fprintln(v.buf, heading(v.Screen, e.JobID))
		}
		kept.copyTo(v.buf)
		if g.workflow {
			fmt.Fprintln(v.buf, "::endgroup::")
		}
	}
	v.spools.drop(e.JobID)
	fmt.Fprintln(v.buf, v.text.result(e, 0))
}

func (g *group) finished(v *buffered, jobs []exec.JobReport) { listJobs(v.buf, v.Screen, jobs) }

// Quiet shows what failed jobs wrote when the run is over.
type quiet struct{}

func (quiet) began(v *buffered, e exec.Event) { v.Started(e) }
func (quiet) noted(*buffered, string)         {}

func (quiet) ended(v *buffered, e exec.Event) {
	if !failed(exec.Outcome(e.Outcome)) {
		v.spools.drop(e.JobID)
	}
}

func (quiet) finished(v *buffered, jobs []exec.JobReport) {
	showFailed(v.buf, v.Screen, v.spools, jobs)
	listJobs(v.buf, v.Screen, jobs)
}

// failed reports whether a job of that outcome is to be explained.
func failed(o exec.Outcome) bool { return o == exec.Failed || o == exec.Internal }

// showFailed writes all that the failed jobs wrote. The first to fail stands
// last, where it will be explained.
func showFailed(w io.Writer, screen terminal.Screen, kept spools, jobs []exec.JobReport) {
	for _, r := range slices.Backward(jobs) {
		s := kept[r.ID]
		if s == nil || !failed(r.Outcome) {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", heading(screen, r.ID))
		s.copyTo(w)
		fmt.Fprintln(w, jobLine(screen, r, 0))
	}
}

// Spools are what jobs wrote, by job.
type spools map[string]*spool

func (s spools) line(job, text string) {
	if s[job] == nil {
		s[job] = &spool{}
	}
	s[job].line(text)
}

func (s spools) drop(job string) {
	if kept := s[job]; kept != nil {
		kept.discard()
		delete(s, job)
	}
}

func (s spools) discard() {
	for job := range s {
		s.drop(job)
	}
}
