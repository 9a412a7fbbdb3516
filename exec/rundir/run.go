package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// Meta is what a run is of: the content of meta.yml.
type Meta struct {
	SHA      string    `yaml:"sha,omitempty"` // empty when it is not known yet, or there is no commit
	Ref      string    `yaml:"ref,omitempty"`
	PushedAt time.Time `yaml:"pushed_at"`
	Root     string    `yaml:"root,omitempty"` // of the repository
	On       string    `yaml:"on,omitempty"`   // what ran the jobs on other machines
	Jobs     []string  `yaml:"jobs,omitempty"`
	// Inputs are what the jobs need, by job.
	Inputs map[string][]string `yaml:"inputs,omitempty"`
	// Reason says why a run is where it is when it did not get there by itself.
	Reason string `yaml:"reason,omitempty"`
}

// Times are when a run was where: the content of times.yml. A stamp is written
// once.
type Times struct {
	Started  *time.Time `yaml:"started_at,omitempty"`
	Finished *time.Time `yaml:"finished_at,omitempty"`
}

// A Run is a run that belongs to this process. Its methods may not be called
// concurrently, except for Path, File, JobFile, Log, Lose, Err
// and ID.
type Run struct {
	store *Store
	id    string
	state State
	times Times
	lock  *os.File

	mu  sync.Mutex
	err error // the first of [Run.Lose]
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
func (r *Run) Dir() string { return r.store.place(r.id, r.state) }

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

// Err returns what kept something of the run from being recorded, if anything
// did.
func (r *Run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Lose notes that something of the run could not be recorded, and why.
func (r *Run) Lose(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// Write replaces a file of the run in one step. When it returns, the file
// survives a crash of the machine.
func (r *Run) Write(name string, data []byte) error { return replace(r.File(name), data, true) }

// WriteJob replaces a file of a job in one step.
func (r *Run) WriteJob(job, name string, data []byte) error {
	path := r.JobFile(job, name)
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	return replace(path, data, false)
}

// SetMeta replaces meta.yml.
func (r *Run) SetMeta(m Meta) error { return writeYAML(r.File(metaFile), m, false) }

// Transition moves the run to another state and stamps the time. From pending
// a run goes to active or complete, from active to complete or failed. That it
// has ended survives a crash of the machine once Transition returned.
func (r *Run) Transition(to State, now time.Time) error {
	if !slices.Contains(transitions[r.state], to) {
		return fmt.Errorf("invalid run transition: %s -> %s", r.state, to)
	}
	if _, err := os.Stat(r.Dir()); err != nil {
		return fmt.Errorf("run directory not found: %w", err)
	}
	times := r.times.stamped(to, now)
	moved, err := r.store.move(r.id, r.state, to, times)
	if moved {
		r.times, r.state = times, to
	}
	return err
}

// move takes a run to another state. What stands in the directory of an end
// state is complete: the stamp comes before the rename, and the disk has the one
// before the other. The link can be made again, so nothing waits for it.
func (s *Store) move(id string, from, to State, times Times) (moved bool, err error) {
	ends := to == Complete || to == Failed
	dir := s.place(id, from)
	if err := writeYAML(filepath.Join(dir, timesFile), times, ends); err != nil {
		return false, err
	}
	if ends {
		if err := syncDir(dir); err != nil {
			return false, err
		}
	}
	if err := s.rename(id, from, to); err != nil {
		return false, err
	}
	err = s.link(id, to)
	if ends {
		err = errors.Join(err, syncDir(filepath.Join(s.dir, string(to))))
	}
	return true, err
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

// Discard removes the run.
func (r *Run) Discard() error {
	gone, err := r.store.unname(Entry{r.id, r.state, r.Dir()})
	return errors.Join(err, r.Close(), RemoveAll(gone))
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
func ReadMeta(dir string) (m Meta, err error) { return m, readYAML(filepath.Join(dir, metaFile), &m) }

// ReadTimes returns the stamps of the run in a directory.
func ReadTimes(dir string) (t Times, err error) {
	return t, readYAML(filepath.Join(dir, timesFile), &t)
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

func writeYAML(path string, v any, durable bool) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	return replace(path, text, durable)
}

// replace gives a file new content in one step. What is durable has reached the
// disk before it gets its name; that it has the name is for [syncDir].
func replace(path string, data []byte, durable bool) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && durable {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}
