package main

import (
	"time"

	"quire/exec"
)

// A jsonRuns is what runs prints.
type jsonRuns struct {
	Version int       `json:"version"`
	Runs    []jsonRun `json:"runs"`
}

// A jsonRun is a recorded run. Times are in UTC; finished_at is null while the
// run is under way.
type jsonRun struct {
	ID         string       `json:"id"`
	Outcome    exec.Outcome `json:"outcome"`
	Error      string       `json:"error"` // what quire or the machine could not do, or empty
	StartedAt  *time.Time   `json:"started_at"`
	FinishedAt *time.Time   `json:"finished_at"`
	Root       string       `json:"root"`
	Ref        string       `json:"ref"`
	SHA        string       `json:"sha"`
	Directory  string       `json:"directory"`
	On         string       `json:"on"` // URL of what ran the jobs on other machines, or empty
	Jobs       []jsonRunJob `json:"jobs"`
}

type jsonRunJob struct {
	ID         string       `json:"id"`
	Inputs     []string     `json:"inputs"`
	Outcome    exec.Outcome `json:"outcome"`
	StartedAt  *time.Time   `json:"started_at"`
	FinishedAt *time.Time   `json:"finished_at"`
	// Notice says something of a job that did not fail, such as why it was
	// skipped.
	Notice       string       `json:"notice"`
	IgnoredExits []int        `json:"ignored_exits"`
	Failure      *jsonFailure `json:"failure"`
}

// A jsonFailure is why a job failed. Command is empty, and exit_code null, when
// it was no command that did not end well.
type jsonFailure struct {
	Diagnostic jsonDiagnostic `json:"diagnostic"`
	Command    string         `json:"command"`
	ExitCode   *int           `json:"exit_code"`
	Signal     string         `json:"signal"`
	Tail       []string       `json:"tail"`
	Log        string         `json:"log"`
}

// A jsonShown is what show prints.
type jsonShown struct {
	Version int     `json:"version"`
	Run     jsonRun `json:"run"`
}

func jsonRunsOf(runs []*exec.StoredRun) jsonRuns {
	list := jsonRuns{Version: jsonVersion, Runs: []jsonRun{}}
	for _, r := range runs {
		list.Runs = append(list.Runs, jsonRunOf(r))
	}
	return list
}

func jsonShownOf(r *exec.StoredRun) jsonShown { return jsonShown{jsonVersion, jsonRunOf(r)} }

func jsonRunOf(r *exec.StoredRun) jsonRun {
	j := jsonRun{ID: r.ID, Outcome: r.Outcome, Error: r.Error, StartedAt: jsonTime(r.Started), Root: r.Root, Ref: r.Ref,
		SHA: r.SHA, Directory: r.Dir, On: r.On, Jobs: []jsonRunJob{}}
	if r.Ended() {
		j.FinishedAt = jsonTime(r.Finished)
	}
	for _, job := range r.Jobs {
		j.Jobs = append(j.Jobs, jsonRunJob{ID: job.ID, Inputs: append([]string{}, r.Inputs[job.ID]...), Outcome: job.Outcome,
			StartedAt: jsonTime(job.Started), FinishedAt: jsonTime(job.Finished), Notice: job.Notice,
			IgnoredExits: append([]int{}, job.IgnoredExits...), Failure: jsonFailureOf(job.Failure)})
	}
	return j
}

func jsonFailureOf(f *exec.Failure) *jsonFailure {
	if f == nil {
		return nil
	}
	j := &jsonFailure{Diagnostic: jsonDiagnosticOf(f.Diagnostic), Command: f.Command, Signal: f.Signal,
		Tail: append([]string{}, f.Tail...), Log: f.Log}
	if f.Command != "" {
		j.ExitCode = &f.Exit
	}
	return j
}

func jsonTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
