package exec

import (
	"cmp"
	"fmt"
	"slices"

	"quire/analysis/pipeline"
)

// A queue is the jobs of a plan that did not start yet, and what became of
// those that did.
type queue struct {
	plan    plan
	waiting []*pipeline.Job // in the order of registration
	ended   map[string]Outcome
}

func newQueue(p plan) *queue {
	q := &queue{plan: p, waiting: slices.Clone(p.jobs), ended: map[string]Outcome{}}
	slices.SortStableFunc(q.waiting, func(a, b *pipeline.Job) int { return cmp.Compare(p.in[a.ID], p.in[b.ID]) })
	return q
}

// next takes from the queue the first job whose inputs in this run are done, or
// returns nil.
func (q *queue) next() *pipeline.Job {
	i := slices.IndexFunc(q.waiting, q.ready)
	if i < 0 {
		return nil
	}
	job := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return job
}

// ready reports whether the inputs of a job in this run are done.
func (q *queue) ready(job *pipeline.Job) bool {
	return !slices.ContainsFunc(job.Inputs, func(in pipeline.Input) bool {
		_, wanted := q.plan.in[in.Name]
		return wanted && !q.ended[in.Name].done()
	})
}

// take takes a job from the queue.
func (q *queue) take(id string) {
	q.waiting = slices.DeleteFunc(q.waiting, func(job *pipeline.Job) bool { return job.ID == id })
}

// end takes a job from the queue that is not to start.
func (q *queue) end(id string, o Outcome) {
	q.take(id)
	q.ended[id] = o
}

// done reports whether what needs a job with this outcome can run.
func (o Outcome) done() bool { return o == Succeeded || o == Skipped }

// notRun returns the reports of the jobs that never started. Those that need,
// directly or not, a job that failed say which.
func (q *queue) notRun() []JobReport {
	var reports []JobReport
	behind := map[string]string{}
	for _, job := range q.plan.jobs {
		if _, ran := q.ended[job.ID]; ran {
			continue
		}
		report := JobReport{ID: job.ID, Outcome: NotRun}
		for _, in := range job.Inputs {
			failed, ok := behind[in.Name]
			if q.ended[in.Name] == Failed {
				failed, ok = in.Name, true
			}
			if ok {
				behind[job.ID] = failed
				report.Notice = fmt.Sprintf("it needs '%s', which failed", failed)
				break
			}
		}
		reports = append(reports, report)
	}
	return reports
}
