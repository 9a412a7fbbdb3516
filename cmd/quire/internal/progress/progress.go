// Package progress shows people how a run goes: its events as they come, and at
// the end how every job went and what failed first.
//
// Output is shown line by line, as package terminal lets it pass. What is not
// shown while a job runs is kept, and shown whole when the job failed.
package progress

import (
	"fmt"
	"io"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A View shows a run. Its methods may be called by several goroutines.
type View interface {
	// Observe takes the next event of the run.
	Observe(exec.Event)
	// Say shows a message that is about the whole run.
	Say(message string)
	// Finish leaves behind what the view shows of a run that is over, short of
	// its outcome. A report that is nil says nothing of the jobs.
	Finish(*exec.Report)
	// Close ends the view and leaves the terminal as it was. Closing again does
	// nothing.
	Close()
}

// A Mode says what is shown while jobs run.
type Mode string

// The modes.
const (
	Auto   Mode = "auto"   // live on a terminal, else prefix
	Prefix Mode = "prefix" // lines as they come, behind the name of their job
	Group  Mode = "group"  // the output of a job, whole, when it ends
	Quiet  Mode = "quiet"  // nothing but the output of jobs that failed, at the end
)

// Modes lists the modes.
func Modes() []Mode { return []Mode{Auto, Prefix, Group, Quiet} }

// Options say where and how a run is shown.
type Options struct {
	Mode   Mode
	Out    io.Writer
	Screen terminal.Screen
	// Size returns the columns and rows of the terminal that Out is. It is asked
	// before every drawing.
	Size func() (columns, rows int)
	// Started says where a run takes place. It is called once, with the event
	// that says so, before anything is shown.
	Started func(exec.Event) string
	// Workflow marks groups in the way of GitHub's log viewer.
	Workflow bool
	// Fault is told of a panic while drawing.
	Fault func(value any)
}

// New returns the view for the options.
func New(o Options) View {
	live := o.Screen.Cursor && o.Size != nil
	switch {
	case o.Mode == Quiet:
		return newBuffered(o, &quiet{})
	case o.Mode == Group && !live:
		return newBuffered(o, &group{workflow: o.Workflow})
	case o.Mode == Group || o.Mode == Auto && live:
		return newLive(o)
	}
	return newPrefix(o)
}

// header says what runs.
func (o Options) header(e exec.Event) string {
	return fmt.Sprintf("Run %s: executing at %s", e.RunID, o.Started(e))
}
