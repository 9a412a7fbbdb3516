package progress

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A live view draws, below what stays, the jobs that run with the tail of what
// they write, and those that wait. A line for each job that is over stays.
type live struct {
	Options

	mu     sync.Mutex // guards what follows
	region *terminal.Region
	text   *transcript
	spools spools
	board  board
	stays  bytes.Buffer // what is to be written above the region
	listed bool         // a line for a job stays
	closed bool
	stop   chan struct{}
	done   chan struct{}
}

const (
	// drawEvery is the time from one drawing to the next.
	drawEvery = 100 * time.Millisecond
	// tailKept is how many last lines of a job are kept.
	tailKept = 12
)

func newLive(o Options) *live {
	v := &live{Options: o, region: terminal.NewRegion(o.Out), spools: spools{}, stop: make(chan struct{}), done: make(chan struct{})}
	v.board = board{screen: o.Screen}
	v.text = newTranscript(o.Screen, v.spools.line)
	v.text.said = v.board.line
	go v.redraw()
	return v
}

// redraw draws until the view is closed.
func (v *live) redraw() {
	defer close(v.done)
	defer func() {
		if value := recover(); value != nil && v.Fault != nil {
			v.Fault(value)
		}
	}()
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-ticker.C:
			v.tick()
		}
	}
}

func (v *live) tick() {
	v.mu.Lock()
	defer v.mu.Unlock() // also in a panic
	v.draw()
}

// draw writes what is to stay and then the region as it is now.
func (v *live) draw() {
	if v.closed {
		return
	}
	columns, rows := v.Size()
	v.region.Draw(v.stays.Bytes(), v.board.lines(time.Now(), columns-1, rows-2))
	v.stays.Reset()
}

func (v *live) Observe(e exec.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case e.Type == exec.RunStarted:
		fmt.Fprintf(&v.stays, "%s\n", v.header(e))
		v.board.begin(e)
		v.draw()
	case e.Type == exec.Log && e.JobID == "":
		v.stays.WriteString(note(v.Screen, e.Message))
	case e.Type == exec.JobStarted:
		v.text.observe(e)
		v.board.start(e)
	case e.Type == exec.JobFinished:
		v.finishJob(e)
	case e.Type == exec.ShStarted:
		v.board.command(e.JobID, e.Cmd)
		v.text.observe(e)
	default:
		v.text.observe(e)
		if e.Type == exec.Output {
			v.board.partial(e.JobID, v.text.unfinished(e))
		}
	}
}

// finishJob leaves the line that says how a job went, and what it wrote where
// that is wanted.
func (v *live) finishJob(e exec.Event) {
	outcome := exec.Outcome(e.Outcome)
	if outcome == exec.NotRun {
		return
	}
	v.text.observe(e)
	tail := v.board.finish(e.JobID, outcome)
	if v.Mode == Group {
		v.group(e)
		return
	}
	if !v.listed {
		v.stays.WriteByte('\n')
		v.listed = true
	}
	fmt.Fprintln(&v.stays, v.text.result(e, v.board.width))
	if outcome == exec.Cancelled {
		for _, line := range tail {
			fmt.Fprintf(&v.stays, "  %s %s\n", v.Screen.Paint(terminal.Dim, v.Screen.Sign("│", "|")), line)
		}
	}
	if !failed(outcome) {
		v.spools.drop(e.JobID)
	}
}

// group leaves all that a job wrote.
func (v *live) group(e exec.Event) {
	v.stays.WriteByte('\n')
	if kept := v.spools[e.JobID]; kept != nil {
		fmt.Fprintln(&v.stays, heading(v.Screen, e.JobID))
		v.region.Draw(v.stays.Bytes(), nil)
		v.stays.Reset()
		kept.copyTo(v.Out)
		v.spools.drop(e.JobID)
	}
	fmt.Fprintln(&v.stays, v.text.result(e, 0))
	v.draw()
}

func (v *live) Say(message string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintln(&v.stays, message)
	v.draw()
}

func (v *live) Finish(r *exec.Report) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.end()
	if r == nil {
		return
	}
	v.listRest(r.Jobs)
	showFailed(v.Out, v.Screen, v.spools, r.Jobs)
}

// listRest lists the jobs that no line stays for.
func (v *live) listRest(jobs []exec.JobReport) {
	for _, job := range jobs {
		if job.Outcome != exec.NotRun {
			continue
		}
		if !v.listed {
			fmt.Fprintln(v.Out)
			v.listed = true
		}
		fmt.Fprintln(v.Out, jobLine(v.Screen, job, v.board.width))
	}
}

// end removes the region.
func (v *live) end() {
	if v.closed {
		return
	}
	v.region.Draw(v.stays.Bytes(), nil)
	v.stays.Reset()
	v.closed = true
	close(v.stop)
}

func (v *live) Close() {
	v.mu.Lock()
	v.end()
	v.spools.discard()
	v.mu.Unlock()
	<-v.done
}
