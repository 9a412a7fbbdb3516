package exec

import (
	"context"
)

// A runner has the jobs of a run carried out.
type runner interface {
	// ready finds what it needs, before there is a run.
	ready(ctx context.Context) error
	// carryOut runs the jobs of the plan, and returns when nothing of them is left.
	carryOut(ctx context.Context, w *workspace, vault *secrets) error
	// usesWorkspace reports whether the jobs run in the workspace of the run.
	usesWorkspace() bool
}

// runner returns what the options say of where the jobs run.
func (x *execution) runner() runner {
	if x.request.options.On != "" && !x.request.options.DryRun {
		return &elsewhere{execution: x}
	}
	return here{x}
}

// here runs jobs on this machine.
type here struct{ *execution }

func (x here) ready(ctx context.Context) error { return x.findIsolation(ctx) }

func (x here) usesWorkspace() bool { return true }

func (x here) carryOut(ctx context.Context, w *workspace, vault *secrets) (err error) {
	for _, warning := range vault.known(x.request.given) {
		x.say(warning)
	}
	spawn := newSpawner()
	defer spawn.close()
	defer func() { endStrays(runMark(x.run.ID()), ctx.Err() == nil) }()
	if x.host.place, err = x.isolate(ctx, spawn, w, vault); err != nil {
		return x.notIsolated(ctx, err)
	}
	defer func() {
		if err := x.host.place.close(); err != nil {
			x.say("what commands ran in could not be removed: " + err.Error())
		}
	}()
	if err := x.beginLeaving(); err != nil {
		return err
	}
	return x.schedule(ctx)
}
