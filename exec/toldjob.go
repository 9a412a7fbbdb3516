package exec

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"quire/analysis/source"
	"quire/exec/rundir"
)

// A toldJob is what an engine told of a job so far.
type toldJob struct {
	id      string
	begun   bool
	ended   bool
	attempt int
	worker  string
	started time.Time
	// Commands are numbered on where a lost attempt ended.
	before int // how many the lost attempts had
	sh     int // number of the last in this one
	log    *rundir.Log
	there  int64 // how many bytes of its log were told, where it runs
	short  bool  // and the log there does not have all of it
	exited bool  // the command ended
}

// number returns the number of the last command in this run.
func (j *toldJob) number() int { return j.before + j.sh }

// begin notes the first that is told of a job, and that another machine begins
// it anew.
func (x *elsewhere) begin(j *toldJob, t Told) {
	if !j.begun {
		j.begun = true
		x.host.enter(j.id)
		x.queue.take(j.id)
	} else if t.Attempt > j.attempt {
		j.closeLog(x.execution)
		j.before, j.sh = j.before+j.sh, 0
		x.record.emit(Event{Type: Log, JobID: j.id, Message: fmt.Sprintf("%s was lost; the job runs again on %s", machineName(j.worker), machineName(t.Worker))})
	}
	j.attempt = t.Attempt
	if t.Worker != "" {
		j.worker = t.Worker
	}
}

// machineName is what people call the machine with a name.
func machineName(worker string) string {
	if worker == "" {
		return "its machine"
	}
	return "the machine " + worker
}

// event records what happened in a job.
func (x *elsewhere) event(j *toldJob, e PageEvent) error {
	if e.JobID != j.id {
		return nil // it is about the run of the one job
	}
	x.start(j, time.UnixMilli(e.AtMS))
	switch e.Type {
	case ShStarted:
		return x.command(j, e)
	case Output:
		return x.output(j, e)
	case ShFinished:
		if e.Sh != j.sh || j.exited {
			return x.odd("it tells of the end of command %d of job '%s', which did not start", e.Sh, j.id)
		}
		j.exited = true
		x.record.tell(Event{AtMS: e.AtMS, Type: ShFinished, JobID: j.id, Sh: j.number(), Exit: e.Exit, Signal: e.Signal})
	case Log:
		if e.Sh < 0 || e.Sh > j.sh {
			return x.odd("it tells of command %d of job '%s', which did not start", e.Sh, j.id)
		}
		if e.Sh > 0 {
			e.Sh += j.before
		}
		x.record.tell(Event{AtMS: e.AtMS, Type: Log, JobID: j.id, Sh: e.Sh, Message: e.Message})
	}
	return nil // all else is about the run of the one job, or told by Done
}

// command records that a command started.
func (x *elsewhere) command(j *toldJob, e PageEvent) error {
	j.closeLog(x.execution)
	if e.Sh != j.sh+1 {
		return x.odd("it tells of command %d of job '%s' after command %d", e.Sh, j.id, j.sh)
	}
	j.sh, j.there, j.short, j.exited = e.Sh, 0, false, false
	j.log = x.run.Log(j.id, j.number())
	_ = j.log.Create() // never fails
	started := Event{AtMS: e.AtMS, Type: ShStarted, JobID: j.id, Sh: j.number(), Cmd: e.Cmd}
	if e.Call != nil {
		started.Place = x.placeHere(*e.Call)
	}
	x.record.tell(started)
	return nil
}

// start records that a job started, the first time.
func (x *elsewhere) start(j *toldJob, at time.Time) {
	if j.started.IsZero() {
		j.started = at
		x.record.tell(Event{AtMS: at.UnixMilli(), Type: JobStarted, JobID: j.id})
	}
}

// output records output: its bytes go to the log as they are.
func (x *elsewhere) output(j *toldJob, e PageEvent) error {
	switch {
	case j.log == nil || e.Sh != j.sh:
		return x.odd("it tells of output of command %d of job '%s', which did not start", e.Sh, j.id)
	case e.Stream != rundir.Stdout && e.Stream != rundir.Stderr:
		return x.odd("it tells of output of job '%s' to %q", j.id, e.Stream)
	case e.Start == nil || e.End == nil || *e.Start != j.there || *e.End < *e.Start+int64(len(e.Log)):
		return x.odd("it leaves out some output of command %d of job '%s'", e.Sh, j.id)
	}
	j.there = *e.End
	if len(e.Log) > 0 {
		x.record.output(time.UnixMilli(e.AtMS), j.id, j.number(), e.Stream, rundir.LogName(j.id, j.number()), j.log.Append(e.Log))
	}
	if *e.End > *e.Start+int64(len(e.Log)) && !j.short {
		j.short = true
		x.record.emit(Event{Type: Log, JobID: j.id, Sh: j.number(), Message: "the log does not have what follows of the output"})
	}
	return nil
}

// closeLog ends the log of the last command. Where that never began, there is
// none.
func (j *toldJob) closeLog(x *execution) {
	if j.log == nil {
		return
	}
	_ = j.log.Close() // what could not be written is known
	if j.there == 0 && !j.exited {
		x.run.RemoveLog(j.id, j.number())
	}
	j.log = nil
}

// done records how a job ended on another machine.
func (x *elsewhere) done(ctx context.Context, j *toldJob, d JobDone) error {
	r, err := x.restoreJob(j, d.Report)
	if err != nil {
		return x.odd("the report of job '%s': %w", j.id, err)
	}
	results, err := ParseResults("the results", d.Results)
	if err != nil {
		return x.odd("job '%s': %w", j.id, err)
	}
	one, ok := results.Jobs[j.id]
	if !ok || one.Outcome != r.Outcome || one.Outcome == NotRun {
		return x.odd("the results of job '%s' are not those of its report", j.id)
	}
	x.start(j, r.Started)
	r.Outputs, r.Withheld, r.Template, r.Secrets = one.Outputs, one.Withheld, one.Template, one.Secrets
	for _, notice := range d.Notices {
		x.record.emit(Event{Type: Log, JobID: j.id, Message: notice})
	}
	x.keep(j.id, &r)
	x.end(j, r)
	return x.bring(ctx, j.id, d.Files)
}

// bring copies what a job left to the workspace here, when something is wanted
// from there.
func (x *elsewhere) bring(ctx context.Context, job, files string) error {
	if !x.work.Get || files == "" {
		return nil
	}
	c := x.carrier(x.space)
	c.guarded = true
	if err := c.arrive(ctx, files); err != nil {
		return fmt.Errorf("what job '%s' left cannot be copied here: %w", job, err)
	}
	return nil
}

// keep stores the outputs of a job, as a job that runs here has it done.
func (x *elsewhere) keep(job string, r *JobReport) {
	x.host.leave(job, r.Outputs)
	x.host.state(job).withheld = r.Withheld != ""
	if r.Outputs != nil {
		r.Outputs, r.Withheld = x.host.store(job, r.Outputs)
	}
}

// restoreJob returns what a report.json says of a job, with the files of this
// machine.
func (x *elsewhere) restoreJob(j *toldJob, text []byte) (JobReport, error) {
	s, err := parseReport(text)
	if err != nil {
		return JobReport{}, err
	}
	b := restorer{dir: x.run.Path(), files: map[string]*source.File{}}
	for name, text := range s.Sources {
		b.files[name] = source.NewFile(name, text)
	}
	for _, f := range x.pipe.Files {
		// A text that holds a secret is not among the sources. It is the same there.
		if text, ok := s.Sources[f.Name()]; !ok || text == f.Text() {
			b.files[f.Name()] = f
		}
	}
	for _, one := range s.Jobs {
		if one.ID != j.id {
			continue
		}
		r := b.job(one)
		if f := r.Failure; f != nil {
			f.Log = x.logHere(j, one.Failure.Log)
		}
		return r, nil
	}
	return JobReport{}, errors.New("it does not have the job")
}

// fileHere returns a file of the pipeline, or nil.
func (x *elsewhere) fileHere(name string) *source.File {
	i := slices.IndexFunc(x.pipe.Files, func(f *source.File) bool { return f.Name() == name })
	if i < 0 {
		return nil
	}
	return x.pipe.Files[i]
}

// placeHere returns the place of a call in the file of this machine, or none.
func (x *elsewhere) placeHere(c CallPlace) source.Place {
	f := x.fileHere(c.File)
	if f == nil || c.Start < 0 || c.End < c.Start || c.End > len(f.Text()) {
		return source.Place{}
	}
	return source.Place{File: f, Span: source.Span{Start: c.Start, End: c.End}}
}

// logHere returns where the log is that another machine has at a path relative to
// its run, or nothing.
func (x *elsewhere) logHere(j *toldJob, there string) string {
	number, ok := strings.CutPrefix(strings.TrimSuffix(path.Base(filepath.ToSlash(there)), ".log"), "sh-")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > j.sh {
		return ""
	}
	return x.run.LogFile(j.id, j.before+n)
}
