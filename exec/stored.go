package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec/rundir"
)

// A StoredRun is a run in the run store, as it stood when it was read.
type StoredRun struct {
	// Report is what [Run] returned, but for what it has for [Report.Results]: the
	// push, what was given, and the outputs of jobs. Of a run that did not come to that,
	// what its events say: Outcome is [Queued] or [Running] while it is under
	// way, and [Internal] when its process is gone. Diagnostics and failures
	// show the text that ran.
	Report
	Error    string    // what quire or the machine could not do, or why the outcome is not known
	Created  time.Time // as its id says
	Root     string    // of the repository
	Ref, SHA string
	// Inputs are what the jobs need, by job.
	Inputs map[string][]string

	store *rundir.Store
}

// Ended reports whether nothing runs the run any more.
func (r *StoredRun) Ended() bool { return r.Outcome != Queued && r.Outcome != Running }

// readRun reads a run. The error is [fs.ErrNotExist] when there is none.
func readRun(store *rundir.Store, id string) (*StoredRun, error) {
	dir, err := store.Read(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil { // it says nothing, but keeps nobody from reading others
		e, _ := store.Find(id)
		r := &StoredRun{Report: Report{ID: id, Dir: store.Path(id), Outcome: Internal}, Error: unreadable(err), Created: e.Created(), store: store}
		r.Started, r.Finished = r.Created, r.Created
		return r, nil
	}
	defer dir.Close()
	e := dir.Entry()
	r := &StoredRun{Report: Report{ID: id, Dir: store.Path(id)}, Created: e.Created(), store: store}
	meta, metaErr := dir.Meta()
	r.Root, r.On, r.Ref, r.SHA, r.Inputs = meta.Root, meta.On, meta.Ref, meta.SHA, meta.Inputs
	times, timesErr := dir.Times()
	r.Started, r.Finished = timeOf(times.Started, e.Created()), timeOf(times.Finished, time.Time{})
	stored, reportErr := readReport(dir)
	if reportErr == nil && e.State != rundir.Pending && e.State != rundir.Active {
		r.restore(stored)
		if meta.Reason != "" {
			r.Outcome, r.Error = Internal, meta.Reason
		}
		return r, nil
	}
	var last time.Time
	r.Jobs, last = jobsOf(dir, meta.Jobs, r.Dir)
	switch {
	case dir.Held() && e.State == rundir.Pending:
		r.Outcome = Queued
	case dir.Held() && e.State == rundir.Active:
		r.Outcome = Running
	case e.State == rundir.Complete:
		r.Outcome, r.Error = Succeeded, unreadable(errors.Join(reportErr, metaErr, timesErr))
	case e.State == rundir.Failed && meta.Reason == "":
		r.Outcome, r.Error = Failed, unreadable(errors.Join(reportErr, metaErr, timesErr))
	default:
		// It was put away later than it ended.
		r.Outcome, r.Error, r.Finished = Internal, rundir.Interrupted, last
	}
	if r.Ended() {
		r.stop()
	}
	return r, nil
}

func timeOf(t *time.Time, otherwise time.Time) time.Time {
	if t == nil {
		return otherwise
	}
	return *t
}

func unreadable(err error) string {
	if err == nil {
		return ""
	}
	return "its record is damaged: " + err.Error()
}

// stop makes jobs of a run that nothing runs any more say so.
func (r *StoredRun) stop() {
	if r.Finished.Before(r.Started) {
		r.Finished = r.Started
	}
	for i := range r.Jobs {
		switch j := &r.Jobs[i]; j.Outcome {
		case Running:
			j.Outcome = Cancelled
			j.Finished = r.Finished
		case Queued:
			j.Outcome = NotRun
		}
	}
}

// readReport reads report.json.
func readReport(dir *rundir.Reader) (s storedReport, err error) {
	text, err := dir.ReadFile("report.json")
	if err != nil {
		return s, err
	}
	return parseReport(text)
}

func parseReport(text []byte) (s storedReport, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("report.json: %w", err)
	}
	if s.Version != reportVersion {
		return s, fmt.Errorf("report.json has version %d, and this quire reads %d", s.Version, reportVersion)
	}
	return s, nil
}

// restore takes over what a report says.
func (r *StoredRun) restore(s storedReport) {
	b := restorer{dir: r.Dir, files: map[string]*source.File{}}
	for name, text := range s.Sources {
		b.files[name] = source.NewFile(name, text)
	}
	r.Outcome, r.Started, r.Finished, r.Error = s.Outcome, s.Started, s.Finished, s.Error
	r.Diagnostics = b.diagnostics(s.Diagnostics)
	for _, j := range s.Jobs {
		r.Jobs = append(r.Jobs, b.job(j))
	}
}

// A restorer turns stored diagnostics into diagnostics.
type restorer struct {
	dir   string // of the run
	files map[string]*source.File
}

func (b *restorer) job(j storedJob) JobReport {
	return JobReport{ID: j.ID, Text: j.Text, Outcome: j.Outcome, Started: timeOf(j.Started, time.Time{}),
		Finished: timeOf(j.Finished, time.Time{}), Notice: j.Notice, IgnoredExits: j.IgnoredExits, Failure: b.failure(j.Failure)}
}

func (b *restorer) failure(s *storedFailure) *Failure {
	if s == nil {
		return nil
	}
	f := &Failure{Diagnostic: b.diagnostic(s.Diagnostic), Command: s.Command, Signal: s.Signal, Tail: s.Tail}
	if s.Exit != nil {
		f.Exit = *s.Exit
	}
	if log := filepath.FromSlash(s.Log); s.Log != "" && filepath.IsLocal(log) {
		f.Log = filepath.Join(b.dir, log)
	}
	return f
}

func (b *restorer) diagnostics(list []storedDiagnostic) (out diag.List) {
	for _, s := range list {
		out = append(out, b.diagnostic(s))
	}
	return out
}

func (b *restorer) diagnostic(s storedDiagnostic) diag.Diagnostic {
	d := diag.Diagnostic{Code: s.Code, Help: s.Help, As: severityOf(s.Severity)}
	d.File, d.Span, d.Message = b.place(s.storedPlace)
	for _, p := range s.Related {
		var r diag.Related
		r.File, r.Span, r.Message = b.place(p)
		d.Related = append(d.Related, r)
	}
	return d
}

// place returns a stored place. Where the text of its file was not stored, the
// message says where it is.
func (b *restorer) place(p storedPlace) (*source.File, source.Span, string) {
	f := b.files[p.File]
	switch {
	case p.File == "":
		return nil, source.Span{}, p.Message
	case f == nil:
		return nil, source.Span{}, fmt.Sprintf("%s (%s:%d:%d)", p.Message, p.File, p.Start.Line, p.Start.Column)
	}
	start := min(max(p.Start.Offset, 0), len(f.Text()))
	return f, source.Span{Start: start, End: min(max(p.End.Offset, start), len(f.Text()))}, p.Message
}

func severityOf(name string) diag.Severity {
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Information, diag.Hint} {
		if s.String() == name {
			return s
		}
	}
	return diag.Error
}

// jobsOf returns what the events of a run say of its jobs, and when the last of
// them happened.
func jobsOf(dir *rundir.Reader, ids []string, path string) (jobs []JobReport, last time.Time) {
	at := map[string]int{}
	job := func(id string) *JobReport {
		i, ok := at[id]
		if !ok {
			i = len(jobs)
			at[id] = i
			jobs = append(jobs, JobReport{ID: id, Outcome: Queued})
		}
		return &jobs[i]
	}
	for _, id := range ids {
		job(id)
	}
	commands := map[string]string{} // the last of each job
	for e := range storedEvents(dir) {
		last = time.UnixMilli(e.AtMS)
		if e.JobID == "" {
			continue
		}
		switch j := job(e.JobID); e.Type {
		case JobStarted:
			j.Outcome, j.Started = Running, time.UnixMilli(e.AtMS)
		case ShStarted:
			commands[e.JobID] = e.Cmd
		case ShFinished:
			j.note(e, commands[e.JobID], filepath.Join(path, rundir.LogName(e.JobID, e.Sh)))
		case JobFinished:
			j.conclude(e)
		}
	}
	return jobs, last
}

// note keeps how the last command that did not end well did. The job decides
// what that means for it.
func (r *JobReport) note(e Event, command, log string) {
	if e.Exit == nil || *e.Exit == 0 {
		return
	}
	r.IgnoredExits = append(r.IgnoredExits, *e.Exit)
	r.Failure = &Failure{Command: command, Exit: *e.Exit, Signal: e.Signal, Log: log}
}

// conclude takes over how a job ended.
func (r *JobReport) conclude(e Event) {
	r.Outcome = Outcome(e.Outcome)
	if !r.Started.IsZero() {
		r.Finished = time.UnixMilli(e.AtMS)
	}
	failure := r.Failure
	r.Failure = nil
	if r.Outcome != Failed {
		r.Notice = e.Message
		return
	}
	r.IgnoredExits = nil
	if failure == nil {
		failure = &Failure{}
	}
	failure.Diagnostic = diag.Diagnostic{Code: diag.Runtime, Message: e.Message}
	if failure.Log != "" {
		failure.Tail = logTail(failure.Log)
	}
	r.Failure = failure
}

// HasJob reports whether a job is in the run.
func (r *StoredRun) HasJob(id string) bool {
	return slices.ContainsFunc(r.Jobs, func(j JobReport) bool { return j.ID == id })
}

// errGone says that a run was removed after it was read.
func errGone(r *StoredRun, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &UsageError{fmt.Sprintf("the run %s was removed", r.ID)}
	}
	return err
}
