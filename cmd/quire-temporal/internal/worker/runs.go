package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"quire/cmd/quire-temporal/internal/blob"
	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// A run is what this machine has of a run.
type run struct {
	id, dir string
	jobs    int       // under way here
	left    time.Time // when the last job had ended
	records map[string]*record

	fetching sync.Mutex // held while something of it is fetched
	work     *exec.Work // once the repository is there
}

// join returns the run of a job that begins, and what is to be called when the
// job has ended.
func (w *Worker) join(id string) (*run, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.runs[id]
	if r == nil {
		// What was there before may be about to be removed.
		w.joined++
		r = &run{id: id, dir: filepath.Join(w.dir, fmt.Sprintf("%s-%d", id, w.joined)), records: map[string]*record{}}
		w.runs[id] = r
	}
	r.jobs++
	return r, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		r.jobs--
		r.left = time.Now()
	}
}

// busy returns how many jobs run.
func (w *Worker) busy() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.runs {
		n += r.jobs
	}
	return n
}

func (r *run) repository() string { return filepath.Join(r.dir, "work") }
func (r *run) state() string      { return filepath.Join(r.dir, "state") }
func (r *run) files() string      { return filepath.Join(r.dir, "files") }

// prepare makes the repository of the run, unless an earlier job did.
func (r *run) prepare(ctx context.Context, p blob.Pieces, t flow.Task) (*exec.Work, error) {
	r.fetching.Lock()
	defer r.fetching.Unlock()
	if r.work != nil {
		return r.work, nil
	}
	text, err := t.Work.Bytes(ctx, p)
	if err != nil {
		return nil, err
	}
	var work exec.Work
	if err := json.Unmarshal(text, &work); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.files(), 0o700); err != nil {
		return nil, err
	}
	parcel := filepath.Join(r.dir, "parcel")
	if err := t.Parcel.File(ctx, p, parcel); err != nil {
		return nil, err
	}
	f, err := os.Open(parcel)
	if err != nil {
		return nil, err
	}
	defer os.Remove(parcel)
	defer f.Close()
	if err := exec.Unpack(ctx, r.repository(), f); err != nil {
		return nil, err
	}
	r.work = &work
	return &work, nil
}

// arrive returns the path of a file that a job left, from wherever it is.
func (r *run) arrive(ctx context.Context, p blob.Pieces, files blob.Ref) (string, error) {
	r.fetching.Lock()
	defer r.fetching.Unlock()
	path := r.place(files)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	coming := path + ".part"
	if err := files.File(ctx, p, coming); err != nil {
		return "", err
	}
	return path, os.Rename(coming, path)
}

// keep puts a file that a job left here where those that need it look first.
func (r *run) keep(path string, files blob.Ref) error { return os.Rename(path, r.place(files)) }

// place returns the path of the file with this content.
func (r *run) place(files blob.Ref) string {
	name := files.ID
	if name == "" {
		name = hash(files.Inline)
	}
	return filepath.Join(r.files(), name)
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
