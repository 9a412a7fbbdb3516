package exec

import (
	"context"
	"errors"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// An isolation is what a run needs to put its commands into a container or a
// sandbox.
type isolation struct {
	runtime    *containerRuntime // with --container
	bubblewrap string            // path, with --sandbox
}

// findIsolation finds what the options ask for on this machine.
func (x *execution) findIsolation(ctx context.Context) (err error) {
	o := x.request.options
	switch {
	case o.Container:
		x.report.Isolation = InContainer
		x.runtime, err = findRuntime(ctx, x.request.env, x.request.source.Root, o.ContainerRuntime)
	case o.Sandbox:
		x.report.Isolation = InSandbox
		x.bubblewrap, err = findBubblewrap(x.request.env, x.request.source.Root)
	}
	return err
}

// inherited returns the environment that commands get from whoever started the
// run. In a container it is the image's.
func (x *execution) inherited() environ {
	switch x.report.Isolation {
	case InContainer:
		return nil
	case InSandbox:
		return x.request.env.without(isGitLocation).without(hiddenVariables)
	}
	return x.request.env.without(isGitLocation)
}

// isolate returns the place where the commands run.
func (x *execution) isolate(ctx context.Context, s *spawner, w *workspace, vault *secrets) (place, error) {
	switch x.report.Isolation {
	case InContainer:
		image, err := x.image(ctx, s, w)
		if err != nil {
			return nil, err
		}
		return x.startContainer(ctx, s, w, image)
	case InSandbox:
		return x.makeSandbox(ctx, s, w, vault)
	}
	return machine{s, newGuard()}, nil
}

// notIsolated records that no job runs because of err.
func (x *execution) notIsolated(ctx context.Context, err error) error {
	build := (*buildError)(nil)
	switch {
	case ctx.Err() != nil:
		x.report.Outcome = Cancelled
	case errors.As(err, &build):
		x.report.Outcome = Failed
		x.report.Diagnostics = append(x.report.Diagnostics, build.diagnostic(x.request.tree))
	default:
		return err
	}
	x.report.Jobs = newQueue(x.plan).notRun()
	return nil
}

// diagnostic says what is wrong with dockerfile.
func (e *buildError) diagnostic(tree source.Tree) diag.Diagnostic {
	file, err := tree.Read(dockerfile)
	if err != nil {
		file = source.NewFile(dockerfile, "")
	}
	return diag.Diagnostic{File: file, Code: diag.NoImage, Message: e.Error()}
}
