package page

import (
	"fmt"
	"time"

	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

type (
	// A timeline is when what happened in a run.
	timeline struct {
		notes []string
		jobs  map[string]*jobTimes
		last  time.Time
	}
	jobTimes struct {
		started, finished time.Time
		steps             []moment
	}
	// A moment is a command, or a message when sh is 0.
	moment struct {
		sh                int
		text              string
		started, finished time.Time
		exit              int
		signal            string
		ended             bool
	}
)

type (
	// A tick is a label of the time axis.
	tick struct {
		Left  float64 // percent
		Label string
	}
	// A lane is the line of a job.
	lane struct {
		Job, Anchor string
		Outcome     word
		Bar         bar
		Commands    []bar
		Label       string // when it started and how long it took
	}
	// A bar is a span of time, in percent of the whole.
	bar struct {
		Left, Width float64
		Title       string
		Bad         bool
	}
)

// readTimeline reads the events of a run.
func readTimeline(run *exec.StoredRun) (*timeline, error) {
	t := &timeline{jobs: map[string]*jobTimes{}, last: run.Started}
	events, err := run.Events()
	if err != nil {
		return nil, err
	}
	for e := range events {
		t.take(e)
	}
	return t, nil
}

func (t *timeline) take(e exec.Event) {
	at := time.UnixMilli(e.AtMS)
	if at.After(t.last) {
		t.last = at
	}
	if e.JobID == "" {
		if e.Type == exec.Log {
			t.notes = append(t.notes, e.Message)
		}
		return
	}
	j := t.jobs[e.JobID]
	if j == nil {
		j = &jobTimes{}
		t.jobs[e.JobID] = j
	}
	switch e.Type {
	case exec.JobStarted:
		j.started = at
	case exec.ShStarted:
		j.steps = append(j.steps, moment{sh: e.Sh, text: e.Cmd, started: at})
	case exec.Log:
		j.steps = append(j.steps, moment{text: e.Message, started: at})
	case exec.ShFinished:
		j.finishCommand(e, at)
	case exec.JobFinished:
		j.finished = at
	}
}

func (j *jobTimes) finishCommand(e exec.Event, at time.Time) {
	for i := range j.steps {
		if m := &j.steps[i]; m.sh == e.Sh && m.sh != 0 {
			m.finished, m.ended, m.signal = at, true, e.Signal
			if e.Exit != nil {
				m.exit = *e.Exit
			}
		}
	}
}

// lanes lays the jobs that ran out along the time of the run.
func (t *timeline) lanes(run *exec.StoredRun) ([]tick, []lane) {
	start, end := run.Started, t.last
	if run.Finished.After(end) {
		end = run.Finished
	}
	for _, j := range t.jobs {
		if !j.started.IsZero() && j.started.Before(start) {
			start = j.started // which is in whole milliseconds
		}
	}
	total := max(end.Sub(start), time.Millisecond)
	percent := func(d time.Duration) float64 {
		return min(max(100*float64(d)/float64(total), 0), 100)
	}
	span := func(from, to time.Time, title string) bar {
		if to.IsZero() {
			to = end
		}
		return bar{Left: percent(from.Sub(start)), Width: percent(max(to.Sub(from), 0)), Title: title}
	}
	var lanes []lane
	for _, r := range run.Jobs {
		j := t.jobs[r.ID]
		if j == nil || j.started.IsZero() {
			continue
		}
		until := j.finished
		if until.IsZero() {
			until = end
		}
		l := lane{Job: terminal.Inline(r.ID), Anchor: anchor(r.ID), Outcome: outcome(r.Outcome)}
		l.Label = fmt.Sprintf("at %s for %s", exec.Elapsed(j.started.Sub(start)), exec.Elapsed(until.Sub(j.started)))
		l.Bar = span(j.started, j.finished, l.Label)
		for _, m := range j.steps {
			if m.sh == 0 {
				continue
			}
			title := firstLine(m.text)
			if m.ended {
				title += ", " + exec.Elapsed(m.finished.Sub(m.started))
			}
			b := span(m.started, m.finished, terminal.Inline(title))
			b.Bad = m.ended && m.exit != 0 && r.Outcome != exec.Cancelled
			l.Commands = append(l.Commands, b)
		}
		lanes = append(lanes, l)
	}
	return axis(total), lanes
}

// rounds are the times that people count in.
var rounds = []time.Duration{1, 2, 5}

// axis returns labels at round times, at most six of them.
func axis(total time.Duration) []tick {
	step := roundStep(total / 5)
	var ticks []tick
	for at := time.Duration(0); at <= total; at += step {
		ticks = append(ticks, tick{100 * float64(at) / float64(total), shortDuration(at)})
	}
	return ticks
}

// roundStep returns the smallest round time that is not below d: 1, 2 or 5 of a
// power of ten of milliseconds, or of seconds, minutes and hours that divide the
// next unit.
func roundStep(d time.Duration) time.Duration {
	for unit := time.Millisecond; unit <= time.Second; unit *= 10 {
		for _, n := range rounds {
			if step := n * unit; step >= d && step < 10*time.Second {
				return step
			}
		}
	}
	for _, step := range []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second} {
		if step >= d {
			return step
		}
	}
	for _, unit := range []time.Duration{time.Minute, time.Hour} {
		for _, n := range []time.Duration{1, 2, 5, 10, 20, 30} {
			if step := n * unit; step >= d {
				return step
			}
		}
	}
	return (d + 24*time.Hour).Truncate(24 * time.Hour)
}

// shortDuration is a round time on the axis.
func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%g s", d.Seconds())
	case d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return exec.Elapsed(d)
}
