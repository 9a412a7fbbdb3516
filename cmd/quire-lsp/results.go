package main

import (
	"maps"
	"slices"
	"sync"

	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// results knows how each job went the last time, by the roots of repositories:
// in the runs of this session, and in those that the run store has, whoever
// ran them.
type results struct {
	mu    sync.Mutex // guards repos
	repos map[string]*history
}

func (r *results) init() { r.repos = map[string]*history{} }

// A history is what is known of the runs of one repository.
type history struct {
	root  string
	first sync.Once // has the run store read for the first time

	reading sync.Mutex // is held while the run store is read, and guards what follows
	opened  bool
	runs    *exec.Runs // nil when there is no repository

	mu     sync.Mutex        // guards the fields below, and is never held for long
	seen   map[string]bool   // runs that have been taken in
	latest map[string]result // by job; it is replaced, not changed
}

// A result is how a job went the last time that it came to an end of its own:
// it succeeded, failed, or had nothing to do. A run that was cancelled says
// nothing about a job.
//
// It goes stale when the text of the job changes, which is its call and its
// run-fn, as it does for the outputs that --only takes from earlier runs. What
// else the job depends on, such as a function that it calls or the files of the
// workspace, is left out: almost any edit would make all results stale, and
// none would be left to show.
type result struct {
	RunID string
	exec.JobReport
	// around are the forms of top level around the places of the failure.
	around map[source.Place]source.Span
}

// resultsOf returns the results that a run has.
func resultsOf(run *exec.Report) []result {
	var list []result
	forms := map[*source.File][]*syntax.Node{} // of top level, of each file once
	for _, j := range run.Jobs {
		// Where a job has no times, it did not run: its results in an earlier run
		// were taken, or it did not take part.
		if !conclusive(j.Outcome) || j.Started.IsZero() || j.Text == "" {
			continue
		}
		r := result{RunID: run.ID, JobReport: j}
		if j.Failure != nil {
			r.around = map[source.Place]source.Span{}
			for _, p := range failurePlaces(j.Failure) {
				if p.File == nil {
					continue
				}
				if _, ok := forms[p.File]; !ok {
					forms[p.File] = syntax.Read(p.File).Forms
				}
				for _, form := range forms[p.File] {
					if form.Span.Encloses(p.Span) {
						r.around[p] = form.Span
					}
				}
			}
		}
		list = append(list, r)
	}
	return list
}

// failurePlaces returns the place where a job failed, and those beside it.
func failurePlaces(f *exec.Failure) []source.Place {
	places := []source.Place{{File: f.Diagnostic.File, Span: f.Diagnostic.Span}}
	for _, r := range f.Diagnostic.Related {
		places = append(places, source.Place{File: r.File, Span: r.Span})
	}
	return places
}

// holds reports whether a job is as it was when it ran.
func (r result) holds(j *pipeline.Job) bool { return j != nil && r.Text == exec.JobText(j) }

// of returns the history of a repository.
func (r *results) of(root string) *history {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.repos[root]
	if h == nil {
		h = &history{root: root, seen: map[string]bool{}}
		r.repos[root] = h
	}
	return h
}

// known returns the last results by job, as far as they have been read.
func (h *history) known() map[string]result {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest
}

// update reads the runs that have ended since the run store was read, and
// reports whether there is another failure now, or one less.
func (h *history) update() (changed bool) {
	h.reading.Lock()
	defer h.reading.Unlock()
	if !h.opened {
		h.opened = true
		// Where that fails, a run will say what is wrong with the repository.
		h.runs, _ = exec.OpenRuns(h.root, exec.Options{})
	}
	if h.runs == nil {
		return false
	}
	ids, err := h.runs.IDs()
	if err != nil {
		return false
	}
	ended := map[string][]result{}
	for _, id := range h.unseen(ids) {
		if run, err := h.runs.Find(id); err == nil && run.Ended() {
			ended[id] = resultsOf(&run.Report)
		}
	}
	return h.take(ended)
}

// unseen returns the ids of runs that have not been taken in.
func (h *history) unseen(ids []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(ids, func(id string) bool { return h.seen[id] })
}

// add takes over the results of a run of this session.
func (r *results) add(root string, report *exec.Report) (changed bool) {
	return r.of(root).take(map[string][]result{report.ID: resultsOf(report)})
}

// take takes over the results of runs that ended. Ids are in the order of
// time.
func (h *history) take(ended map[string][]result) (changed bool) {
	if len(ended) == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	latest := maps.Clone(h.latest)
	if latest == nil {
		latest = map[string]result{}
	}
	for id, list := range ended {
		h.seen[id] = true
		for _, r := range list {
			if r.RunID >= latest[r.ID].RunID {
				latest[r.ID] = r
			}
		}
	}
	changed = !slices.Equal(failing(h.latest), failing(latest))
	h.latest = latest
	return changed
}

func conclusive(o exec.Outcome) bool {
	return o == exec.Succeeded || o == exec.Failed || o == exec.Skipped
}

// failing lists what failed, and in which run.
func failing(latest map[string]result) []string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(latest)) {
		if r := latest[id]; r.Failure != nil {
			list = append(list, id+" "+r.RunID)
		}
	}
	return list
}

// lastResult returns how a job of a document went the last time, unless it has
// changed since.
func (s *server) lastResult(doc *document, id string) (r result, ok bool) {
	if r, ok = s.knownResults(doc.root)[id]; !ok {
		return result{}, false
	}
	job, _ := doc.snapshot.Graph().Job(id)
	return r, r.holds(job)
}
