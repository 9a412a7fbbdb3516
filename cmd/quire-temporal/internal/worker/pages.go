package worker

import (
	"time"

	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// A record is what happens in one attempt of a job.
type record struct {
	path   string
	served string // where what was not asked for yet begins
	read   bool   // all of it was asked for
	asked  time.Time
}

// pages answers questions, in their order. What does not fit is an empty page.
func (w *Worker) pages(questions []flow.Question) ([]flow.Answer, error) {
	answers := make([]flow.Answer, len(questions))
	left := flow.MostPage
	for i, q := range questions {
		answers[i].Page.Next = q.From
		path, ok := w.ask(q)
		answers[i].Gone = !ok
		if !ok || left <= 0 {
			continue
		}
		page, err := exec.ReadPage(path, q.From, left)
		if err != nil {
			return nil, err
		}
		left -= size(page)
		answers[i].Page = page
		w.answered(q, page)
	}
	return answers, nil
}

// size returns about how many bytes a page has.
func size(p exec.Page) int {
	const event = 150
	n := 0
	for _, e := range p.Events {
		n += event + len(e.Log) + len(e.Cmd) + len(e.Message)
	}
	return n
}

// ask returns the path of a record of a run that this worker knows.
func (w *Worker) ask(q flow.Question) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, ok := w.runs[q.Run]
	if !ok {
		return "", false
	}
	rec, ok := r.records[q.Record]
	if !ok {
		return "", false
	}
	rec.asked = time.Now()
	return rec.path, true
}

// answered remembers what was asked for.
func (w *Worker) answered(q flow.Question, p exec.Page) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r, ok := w.runs[q.Run]; ok && r.records[q.Record] != nil {
		r.records[q.Record].served = p.Next
		r.records[q.Record].read = p.Ended
	}
}

// rest returns what of a record was not asked for yet, if it has little more than
// room bytes.
func (w *Worker) rest(rec *record, room int) *flow.Rest {
	w.mu.Lock()
	at := rec.served
	w.mu.Unlock()
	rest := &flow.Rest{From: at}
	for n := 0; n <= room; {
		page, err := exec.ReadPage(rec.path, at, room)
		if err != nil || !page.Ended && page.Next == at {
			return nil // it is told when somebody asks
		}
		rest.Pages = append(rest.Pages, page)
		n += size(page)
		at = page.Next
		if page.Ended {
			if n > room {
				return nil
			}
			w.mu.Lock()
			rec.read = true
			w.mu.Unlock()
			return rest
		}
	}
	return nil
}

// linger waits until what happened in the jobs was read, unless nobody reads it.
func (w *Worker) linger() {
	const patience = 10 * time.Second
	for began := time.Now(); w.hurry.Err() == nil && w.unread(began, patience); {
		time.Sleep(50 * time.Millisecond)
	}
}

// unread reports whether there is a record that somebody may go on to read.
func (w *Worker) unread(began time.Time, patience time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		for _, rec := range r.records {
			last := began
			if rec.asked.After(last) {
				last = rec.asked
			}
			if !rec.read && time.Since(last) < patience {
				return true
			}
		}
	}
	return false
}
