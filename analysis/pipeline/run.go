package pipeline

import (
	"context"
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/sandbox"
)

// Run calls the run-fn of a job. It may be called from several goroutines:
// they take turns while Lua runs and go on side by side while a method of the
// host does. The error is a [*JobError] when the run-fn raised, and ctx's
// error when that ended first.
func (p *Pipeline) Run(ctx context.Context, job string, h Host) (Result, error) {
	return p.vm.run(ctx, &activeJob{ctx: ctx, id: job, host: h})
}

// A Result is what a run-fn returned.
type Result struct {
	// Outputs is the table it returned, copied; nil when it returned none.
	Outputs *Data
	// Discarded is the type of a result that is neither a table nor nil.
	Discarded string
}

// A JobError is an error that a run-fn raised and did not catch.
type JobError struct {
	Diagnostic diag.Diagnostic // code runtime, with the exact form and the trace
	// Limit reports that a limit of run-fns ended it.
	Limit bool
}

func (e *JobError) Error() string { return e.Diagnostic.Message }

func (v *vm) run(ctx context.Context, job *activeJob) (Result, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.released {
		return Result{}, errors.New("runtime not installed")
	}
	fn := v.runs[job.id]
	if fn == nil {
		return Result{}, fmt.Errorf("pipeline: there is no job '%s' that can run", job.id)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	v.active = job
	defer func() { v.active = nil }()
	thread := v.program.State.Thread()
	v.program.State.RefillThread(thread, v.limits.Run)
	results, err := v.program.State.Call(ctx, thread, fn, v.runtime)
	if err != nil {
		return Result{}, v.jobError(ctx, err)
	}
	if len(results) == 0 || results[0] == lua.LNil {
		return Result{}, nil
	}
	if t, ok := results[0].(*lua.LTable); ok {
		return Result{Outputs: copyData(t, lazyFields)}, nil
	}
	return Result{Discarded: results[0].Type().String()}, nil
}

// jobError turns the error of a call into that of [Pipeline.Run].
func (v *vm) jobError(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var raised *sandbox.Error
	if !errors.As(err, &raised) {
		return err
	}
	d := diagnose(v.program, raised, v.main, running)
	d.Code = diag.Runtime
	return &JobError{Diagnostic: printable(d), Limit: raised.Limit != nil}
}
