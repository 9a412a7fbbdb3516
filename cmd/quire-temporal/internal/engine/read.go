package engine

import (
	"context"
	"fmt"
	"time"

	"quire/cmd/quire-temporal/internal/flow"
	"quire/exec"
)

// A reader asks one worker what happens in its jobs.
type reader struct {
	queue    string
	attempts []*attempt
	wake     chan struct{}
}

const (
	quick = 100 * time.Millisecond // between questions while something happens
	slow  = 500 * time.Millisecond
	// gone is how long a worker does not answer whose jobs have ended before what
	// it has of them is given up.
	gone = 10 * time.Second
)

// readFrom makes the worker of an attempt be asked about it.
func (e *Engine) readFrom(a *attempt) {
	r := e.readers[a.beat.Queue]
	if r == nil {
		r = &reader{queue: a.beat.Queue, wake: make(chan struct{}, 1)}
		e.readers[a.beat.Queue] = r
		go e.read(r)
	}
	known := false
	for _, b := range r.attempts {
		known = known || a == b
	}
	if !known {
		r.attempts = append(r.attempts, a)
	}
	if !known || a.job.ended != nil {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// read asks until nothing is left to be asked.
func (e *Engine) read(r *reader) {
	var silent time.Time // since when the worker does not answer although the server does
	wait := quick
	for {
		questions, attempts := e.questions(r)
		if questions == nil {
			return
		}
		answers, err := e.ask(r.queue, questions)
		switch {
		case err == nil:
			silent = time.Time{}
		case e.server.Ask(context.Background()) != nil:
			silent = time.Time{}
		case silent.IsZero():
			silent = time.Now()
		case time.Since(silent) > gone:
			e.giveUpAll(attempts)
		}
		news, full := e.answered(attempts, answers)
		if full {
			continue
		}
		if wait = min(wait*3/2, slow); news {
			wait = quick
		}
		select {
		case <-time.After(wait):
		case <-r.wake:
		}
	}
}

// questions returns what is to be asked. When that is nothing, the reader is gone.
func (e *Engine) questions(r *reader) (list []flow.Question, attempts []*attempt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range r.attempts {
		if a.job.now == a && !a.job.done && !a.read {
			attempts = append(attempts, a)
			list = append(list, flow.Question{Run: e.work.RunID, Record: a.beat.Record, From: a.next})
		}
	}
	if r.attempts = attempts; attempts == nil {
		delete(e.readers, r.queue)
		return nil, nil
	}
	// Who is first gets most: that changes.
	r.attempts = append(attempts[1:len(attempts):len(attempts)], attempts[0])
	return list, attempts
}

// ask asks a worker.
func (e *Engine) ask(queue string, questions []flow.Question) (answers []flow.Answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	value, err := e.server.QueryWorkflow(ctx, queue, "", flow.Pages, questions)
	if err != nil {
		return nil, err
	}
	return answers, value.Get(&answers)
}

// answered takes in answers. It reports whether there was something in them, and
// whether they were full, and so more may be there.
func (e *Engine) answered(attempts []*attempt, answers []flow.Answer) (news, full bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	size := 0
	for i, answer := range answers {
		a, p := attempts[i], answer.Page
		for _, event := range p.Events {
			size += len(event.Log)
		}
		news = news || len(p.Events) > 0
		e.page(a, p)
		switch {
		case a.job.ended == nil:
		case a.read:
			e.close(a)
		case answer.Gone:
			e.giveUp(a)
		}
	}
	return news, size > flow.MostPage/2
}

// giveUpAll lets jobs that have ended be, although not all pages were read.
func (e *Engine) giveUpAll(attempts []*attempt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range attempts {
		if a.job.ended != nil {
			e.giveUp(a)
		}
	}
}

// giveUp lets a job that has ended be, although not all pages were read.
func (e *Engine) giveUp(a *attempt) {
	if a.job.now != a || a.job.done {
		return
	}
	a.read = true
	e.tell(a, exec.Told{Notice: fmt.Sprintf("the worker %s is gone, and with it the end of what job '%s' wrote", a.beat.Worker, a.job.id)})
	e.close(a)
}
