package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Meta is what a run is of: the content of meta.yml.
type Meta struct {
	SHA      string    `yaml:"sha,omitempty"` // empty when it is not known yet, or there is no commit
	Ref      string    `yaml:"ref,omitempty"`
	PushedAt time.Time `yaml:"pushed_at"`
	Root     string    `yaml:"root,omitempty"` // of the repository
	Jobs     []string  `yaml:"jobs,omitempty"`
}

// Times are when a run was where: the content of times.yml. A stamp is written
// once.
type Times struct {
	Started  *time.Time `yaml:"started_at,omitempty"`
	Finished *time.Time `yaml:"finished_at,omitempty"`
}

// A Run is a run that belongs to this process. Its methods may not be called
// concurrently, except for Path, File, JobFile and ID.
type Run struct {
	store *Store
	id    string
	state State
	times Times
	lock  *os.File
}

// ID returns the id of the run, a UUIDv7.
func (r *Run) ID() string { return r.id }

// State returns where the run stands.
func (r *Run) State() State { return r.state }

// Times returns the stamps of the run.
func (r *Run) Times() Times { return r.times }

// Path returns where the run is found whatever its state: what people are
// shown.
func (r *Run) Path() string { return r.store.Path(r.id) }

// Dir returns the directory of the run, until its next transition.
func (r *Run) Dir() string { return filepath.Join(r.store.dir, string(r.state), r.id) }

// File returns the path of a file of the run, good in every state.
func (r *Run) File(name string) string { return filepath.Join(r.Path(), name) }

// JobFile returns the path of a file of a job, good in every state.
func (r *Run) JobFile(job, name string) string {
	return filepath.Join(r.Path(), "jobs", FileName(job), name)
}

// LogFile returns the path of the log of the n-th command of a job, good in
// every state.
func (r *Run) LogFile(job string, n int) string {
	return filepath.Join(r.Path(), LogName(job, n))
}

// LogName returns the path of a log relative to the directory of its run.
func LogName(job string, n int) string {
	return filepath.Join("jobs", FileName(job), fmt.Sprintf("sh-%d.log", n))
}

// RemoveLog removes a log, as that of a command that did not start.
func (r *Run) RemoveLog(job string, n int) {
	path := r.LogFile(job, n)
	_ = os.Remove(path)
	_ = os.Remove(filepath.Dir(path)) // fails when the job has other files
}

// Write replaces a file of the run in one step.
func (r *Run) Write(name string, data []byte) error { return replace(r.File(name), data) }

// WriteJob replaces a file of a job in one step.
func (r *Run) WriteJob(job, name string, data []byte) error {
	path := r.JobFile(job, name)
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	return replace(path, data)
}

// SetMeta replaces meta.yml.
func (r *Run) SetMeta(m Meta) error { return writeYAML(r.File("meta.yml"), m) }

// Transition moves the run to another state and stamps the time. From pending
// a run goes to active or complete, from active to complete or failed.
func (r *Run) Transition(to State, now time.Time) error {
	if !slices.Contains(transitions[r.state], to) {
		return fmt.Errorf("invalid run transition: %s -> %s", r.state, to)
	}
	from := r.Dir()
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("run directory not found: %w", err)
	}
	// What stands in the directory of an end state is complete: the stamp
	// comes before the rename.
	times := r.times.stamped(to, now)
	if err := writeYAML(filepath.Join(from, "times.yml"), times); err != nil {
		return err
	}
	r.times = times
	if err := os.Rename(from, filepath.Join(r.store.dir, string(to), r.id)); err != nil {
		return err
	}
	r.state = to
	return r.store.link(r.id, to)
}

var transitions = map[State][]State{
	Pending: {Active, Complete},
	Active:  {Complete, Failed},
}

func (t Times) stamped(to State, now time.Time) Times {
	now = now.UTC()
	if to == Active && t.Started == nil {
		t.Started = &now
	}
	if (to == Complete || to == Failed) && t.Finished == nil {
		t.Finished = &now
	}
	return t
}

// Close gives the run up. One that has not ended is an orphan from then on.
func (r *Run) Close() error {
	if r.lock == nil {
		return nil
	}
	err := r.lock.Close()
	r.lock = nil
	return err
}

// ReadMeta returns the meta of the run in a directory.
func ReadMeta(dir string) (m Meta, err error) { return m, readYAML(filepath.Join(dir, "meta.yml"), &m) }

// ReadTimes returns the stamps of the run in a directory.
func ReadTimes(dir string) (t Times, err error) {
	return t, readYAML(filepath.Join(dir, "times.yml"), &t)
}

func readYAML(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeYAML(path string, v any) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	return replace(path, text)
}

// replace gives a file new content in one step.
func replace(path string, data []byte) error {
	tmp := path + ".tmp"
	err := os.WriteFile(tmp, data, fileMode)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}
