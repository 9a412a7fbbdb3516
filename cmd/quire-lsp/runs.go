package main

import (
	"context"
	"sync"

	"quire/exec"
)

// runs holds the runs that this session started.
type runs struct {
	mu      sync.Mutex // guards the fields below
	live    map[string]*liveRun
	roots   map[string]string  // of the repositories, by the ids of all runs
	last    map[string]runArgs // of the last run, by root
	stopped bool               // no run may start any more
	wg      sync.WaitGroup
}

func (r *runs) init() {
	r.live, r.roots, r.last = map[string]*liveRun{}, map[string]string{}, map[string]runArgs{}
}

// start notes a run, unless the session is ending.
func (r *runs) start(run *liveRun) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	r.live[run.id] = run
	r.roots[run.id] = run.root
	if !run.dry {
		r.last[run.root] = run.args
	}
	r.wg.Add(1)
	return true
}

// end takes a run away whose processes are gone. It is still to be called done.
func (r *runs) end(run *liveRun) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, run.id)
}

// done ends the wait for a run.
func (r *runs) done() { r.wg.Done() }

// of returns the runs under way of a repository.
func (r *runs) of(root string) []*liveRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*liveRun
	for _, run := range r.live {
		if run.root == root {
			list = append(list, run)
		}
	}
	return list
}

// cancel ends a run under way and reports whether there is one of that id.
func (r *runs) cancel(id string) bool {
	r.mu.Lock()
	run := r.live[id]
	r.mu.Unlock()
	if run != nil {
		run.stop()
	}
	return run != nil
}

// cancelAll ends all runs and lets no other start.
func (r *runs) cancelAll() {
	r.mu.Lock()
	r.stopped = true
	var all []*liveRun
	for _, run := range r.live {
		all = append(all, run)
	}
	r.mu.Unlock()
	for _, run := range all {
		run.stop()
	}
}

// wait returns when no run is left.
func (r *runs) wait() { r.wg.Wait() }

// rootOf returns the root of the repository that a run of this session is of.
func (r *runs) rootOf(id string) (root string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	root, ok = r.roots[id]
	return root, ok
}

// lastArgs returns what was run last of a repository in this session.
func (r *runs) lastArgs(root string) (args runArgs, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	args, ok = r.last[root]
	return args, ok
}

// A liveRun is a run from when it is asked for until nothing of it is left.
type liveRun struct {
	s    *server
	id   string
	root string
	args runArgs
	dry  bool // nothing is executed

	ctx    context.Context
	cancel context.CancelFunc
	kill   chan struct{} // closed: without a grace

	progress *progress
	events   *runEvents

	mu       sync.Mutex // guards the fields below
	stopping bool
	killed   bool
	outcomes map[string]exec.Outcome // of the jobs that are to run, so far; nil: it is not known which they are
}

// stop ends the run: its commands are asked to end, and killed when they do not
// within their grace, or when stop is called again. Everything that ends a run
// comes here or ends the session, which ends the context that this one is made
// from.
func (r *liveRun) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping && !r.killed {
		r.killed = true
		close(r.kill)
	}
	if !r.stopping {
		r.stopping = true
		r.cancel()
		r.s.goWork(r.progress.cancelling) // which may wait for the client
		r.s.refreshLenses()
	}
}

// observe follows the run. It is called with one event after the other.
func (r *liveRun) observe(e exec.Event) {
	// A bug in showing the run must not end the session before the run ended
	// its processes.
	defer func() {
		if p := recover(); p != nil {
			r.s.panicked("a run", p)
			r.cancel()
		}
	}()
	r.follow(e)
	r.progress.observe(e)
	r.events.observe(e)
	switch e.Type {
	case exec.RunStarted, exec.JobStarted, exec.JobFinished:
		r.s.refreshLenses()
	case exec.Output, exec.Log, exec.ShStarted:
		r.s.logChanged(r.id)
	}
}

// follow keeps what becomes of the jobs.
func (r *liveRun) follow(e exec.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Type {
	case exec.RunStarted:
		r.outcomes = map[string]exec.Outcome{}
		for _, id := range e.Jobs {
			r.outcomes[id] = exec.Queued
		}
	case exec.JobStarted:
		r.outcomes[e.JobID] = exec.Running
	case exec.JobFinished:
		r.outcomes[e.JobID] = exec.Outcome(e.Outcome)
	}
}

// isStopping reports whether the run has been asked to end.
func (r *liveRun) isStopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopping
}

// busy reports whether the run is at work on a job, or will be, and which of
// the two. Which jobs there are beside those that were named is known when the
// workspace is ready.
func (r *liveRun) busy(job string) (outcome exec.Outcome, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outcomes == nil {
		for _, id := range r.args.Jobs {
			if id == job {
				return exec.Queued, true
			}
		}
		return "", false
	}
	outcome = r.outcomes[job]
	return outcome, outcome == exec.Queued || outcome == exec.Running
}
