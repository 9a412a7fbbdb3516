package exectest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	quire "quire/exec"
)

// EngineName is the name of a program that calls [Engine], and EngineURL begins
// the value of --on that starts it.
const (
	EngineName = "quire-test"
	EngineURL  = "test://workers"
)

// Engine is the main function of an engine for tests. It runs jobs in its own
// process, on workers that have nothing in common but the work: each has a
// repository that it unpacked, and a run store. The URL is test://workers with
// the path of a directory for them, and may have
//
//	workers=N   how many there are; 2 without it
//	lose=TEXT   a worker is lost when the first attempt at a job writes this
//	config=FILE the global configuration of the workers
//
// A worker is the machine named w1, w2, and so on, and runs one job at a time.
func Engine() {
	if err := runEngine(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runEngine(args []string) error {
	if len(args) != 2 || args[0] != "run" {
		return fmt.Errorf("usage: %s run URL", EngineName)
	}
	u, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	work, err := quire.ReadWork(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = in.ReadByte() // nothing follows: it is the end
		cancel()
	}()
	e := &testEngine{work: work, lose: u.Query().Get("lose"), ended: map[string]quire.JobDone{}}
	count := 2
	if n := u.Query().Get("workers"); n != "" {
		if _, err := fmt.Sscan(n, &count); err != nil {
			return err
		}
	}
	e.idle = make(chan *testWorker, count)
	for i := range count {
		name := fmt.Sprintf("w%d", i+1)
		dir := filepath.Join(u.Path, name, work.RunID)
		e.idle <- &testWorker{name: name, dir: dir, config: u.Query().Get("config"), unpack: sync.OnceValue(func() error { return unpack(ctx, dir, work) })}
	}
	return e.run(ctx)
}

// unpack makes the directory of a worker.
func unpack(ctx context.Context, dir string, w *quire.Work) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	parcel, err := os.Open(w.Parcel)
	if err != nil {
		return err
	}
	defer parcel.Close()
	return quire.Unpack(ctx, dir, parcel)
}

// A testWorker is what stands for another machine.
type testWorker struct {
	name   string
	dir    string
	config string
	unpack func() error
}

// A testEngine has a work run.
type testEngine struct {
	work *quire.Work
	lose string
	idle chan *testWorker // those that run no job

	mu    sync.Mutex // guards what follows, and orders what is told
	ended map[string]quire.JobDone
}

func (e *testEngine) tell(t quire.Told) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = quire.WriteTold(os.Stdout, t) // when nobody reads it any more, the input has ended too
}

// run schedules the jobs as quire does that runs them itself.
func (e *testEngine) run(ctx context.Context) error {
	type result struct {
		job     string
		outcome quire.Outcome
	}
	waiting := slices.Clone(e.work.Jobs)
	outcomes := map[string]quire.Outcome{}
	results := make(chan result)
	for running, stop := 0, false; ; {
		for !stop && ctx.Err() == nil && (e.work.Parallel == 0 || running < e.work.Parallel) {
			i := slices.IndexFunc(waiting, func(j quire.WorkJob) bool {
				return !slices.ContainsFunc(j.Needs, func(id string) bool {
					return outcomes[id] != quire.Succeeded && outcomes[id] != quire.Skipped
				})
			})
			if i < 0 {
				break
			}
			job := waiting[i].ID
			waiting = slices.Delete(waiting, i, i+1)
			running++
			go func() {
				results <- result{job, e.job(ctx, job)}
			}()
		}
		if running == 0 {
			return nil
		}
		r := <-results
		running--
		outcomes[r.job] = r.outcome
		stop = stop || r.outcome != quire.Succeeded && r.outcome != quire.Skipped && !(r.outcome == quire.Failed && e.work.KeepGoing)
	}
}

// job runs a job on the first worker that is idle, and again on another one when
// that was lost.
func (e *testEngine) job(ctx context.Context, job string) quire.Outcome {
	for attempt := 1; ; attempt++ {
		w := <-e.idle
		done, outcome, err := e.attempt(ctx, w, job, attempt)
		lost := errors.Is(err, errLost)
		if lost {
			w.unpack = sync.OnceValue(func() error { return errors.New("this machine was lost") })
			continue // it never is idle again
		}
		e.idle <- w
		about := quire.Told{Job: job, Attempt: attempt, Worker: w.name}
		switch {
		case err == nil:
			e.mu.Lock()
			e.ended[job] = done
			e.mu.Unlock()
			about.Done = &done
		case ctx.Err() != nil:
			return quire.Cancelled
		default:
			outcome, about.Error = quire.Internal, err.Error()
		}
		e.tell(about)
		return outcome
	}
}

var errLost = errors.New("the worker was lost")

// attempt runs a job on a worker, and tells what happens in it.
func (e *testEngine) attempt(ctx context.Context, w *testWorker, job string, attempt int) (done quire.JobDone, o quire.Outcome, err error) {
	if err := w.unpack(); err != nil {
		return done, "", err
	}
	state := filepath.Join(w.dir, "state")
	r, err := quire.Order(w.dir, e.work, job, e.given(job), quire.Options{State: state, Config: w.config,
		Leave: filepath.Join(w.dir, fmt.Sprintf("left-%x-%d", job, attempt))})
	if err != nil {
		return done, "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var report *quire.Report
	var failed error
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		report, failed = quire.Run(ctx, r)
	}()
	lost, err := e.follow(r.Record(), ran, quire.Told{Job: job, Attempt: attempt, Worker: w.name}, attempt == 1 && e.lose != "")
	if lost {
		cancel()
	}
	<-ran
	switch {
	case lost:
		return done, "", errLost
	case err != nil, failed != nil:
		return done, "", errors.Join(failed, err)
	}
	if done, err = report.Done(job); err != nil {
		return done, "", err
	}
	one, _ := report.Result(job)
	return done, one.Outcome, nil
}

// given returns what came back of the jobs that a job needs.
func (e *testEngine) given(job string) (given []quire.JobDone) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range e.work.Ancestors(job) {
		if done, ok := e.ended[id]; ok {
			given = append(given, done)
		}
	}
	return given
}

// follow tells of a record until it ends, or until it has the output with which
// the worker is to be lost.
func (e *testEngine) follow(record string, ran <-chan struct{}, about quire.Told, lose bool) (lost bool, err error) {
	for from := ""; ; {
		over := false
		select {
		case <-ran:
			over = true
		default:
		}
		page, err := quire.ReadPage(record, from, 256<<10)
		if err != nil {
			return false, err
		}
		if len(page.Events) > 0 {
			about.Page = &page
			e.tell(about)
		}
		if lose && slices.ContainsFunc(page.Events, func(p quire.PageEvent) bool { return bytes.Contains(p.Log, []byte(e.lose)) }) {
			return true, nil
		}
		if page.Ended || over && len(page.Events) == 0 {
			return false, nil
		}
		if from = page.Next; len(page.Events) == 0 {
			select {
			case <-ran:
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}
