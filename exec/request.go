package exec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec/rundir"
)

// A Request is a run that can start. It is good for one run.
type Request struct {
	options  Options
	env      environ
	source   *Source
	tree     source.Tree // with the buffers
	id       string
	state    string // directory of the run store
	config   string // path of the global configuration, or empty
	ref      string // full name, overriding the workspace's
	named    string // the ref by which the commit was named
	previous string
	given    *Results // the inputs, or nil
	resumed  *resumed // or nil
	order    *order   // or nil
}

// Local makes the request for a run of the repository that holds the directory
// root, with every default that the options leave open. The error is a
// [*UsageError] when the options cannot be meant, such as an unknown commit,
// and a [*MissingError] when there is no ci.fnl.
func Local(root string, o Options) (Request, error) {
	ctx := context.Background()
	r := Request{options: o, env: o.Environ}
	if o.Environ == nil {
		r.env = os.Environ()
	}
	if err := o.check(); err != nil {
		return Request{}, err
	}
	if err := r.findState(ctx); err != nil {
		return Request{}, err
	}
	sha := o.SHA
	if o.Resume != "" {
		if err := r.findResumed(ctx, root); err != nil {
			return Request{}, err
		}
		sha = r.resumed.SHA
	}
	var err error
	r.source, err = find(ctx, r.env, root, sha)
	if missing := (*MissingError)(nil); err != nil && (!errors.As(err, &missing) || o.Buffers[pipeline.Path] == nil) {
		return Request{}, err
	}
	if f := o.Buffers[pipeline.Path]; f != nil {
		r.source.File = f
	}
	r.options.Buffers = maps.Clone(o.Buffers)
	r.tree = source.Overlay(r.source.Tree, r.options.Buffers)
	for _, step := range []func(context.Context) error{r.checkReuse, r.findCommits, r.findConfig, r.findDestinations, r.readInputs} {
		if err := step(ctx); err != nil {
			return Request{}, err
		}
	}
	r.id, err = rundir.NewID()
	return r, err
}

// check refuses options that contradict each other.
func (o Options) check() error {
	switch {
	case o.SHA != "" && o.InPlace:
		return &UsageError{"a commit cannot run in place: leave out --sha or --in-place"}
	case o.InPlace && o.Reuse:
		return &UsageError{"a run in place keeps what is there: leave out --reuse or --in-place"}
	case o.InPlace && len(o.Get) > 0:
		return &UsageError{"a run in place leaves its results where they are: leave out --get or --in-place"}
	case o.Resume != "" && o.Reuse:
		return &UsageError{"a run that is resumed keeps all of its workspace: leave out --reuse or --resume"}
	case o.Resume != "" && (o.SHA != "" || o.InPlace || o.Ref != "" || o.PreviousSHA != ""):
		return &UsageError{"a run is resumed as what it was: leave out --sha, --in-place, --ref and --previous-sha, or --resume"}
	case len(o.Jobs) > 0 && len(o.Only) > 0:
		return &UsageError{fmt.Sprintf("jobs are either named (%s) or given with --only (%s), not both",
			strings.Join(o.Jobs, ", "), strings.Join(o.Only, ", "))}
	}
	if len(o.Except) > 0 && len(o.Only) > 0 {
		return &UsageError{"--only names all that runs: leave out --except or --only"}
	}
	if o.Parallel < 0 {
		return &UsageError{fmt.Sprintf("%d jobs cannot run at once: expected 1 or more", o.Parallel)}
	}
	if o.Timeout < 0 {
		return &UsageError{fmt.Sprintf("the timeout is %v: expected a time above zero", o.Timeout)}
	}
	for _, check := range []func() error{o.checkIsolation, o.checkCarry, o.checkOn} {
		if err := check(); err != nil {
			return err
		}
	}
	for _, g := range o.Get {
		if err := g.check(); err != nil {
			return err
		}
	}
	return o.checkSecrets()
}

// checkIsolation refuses what cannot be meant about containers and sandboxes.
func (o Options) checkIsolation() error {
	switch {
	case o.Container && o.Sandbox:
		return &UsageError{"commands run in a container or in a sandbox: leave out --container or --sandbox"}
	case o.Sandbox && o.InPlace:
		return &UsageError{"a sandbox keeps jobs from your files and --in-place hands them over: leave out --sandbox or --in-place"}
	case o.Net && !o.Sandbox:
		return &UsageError{"--net opens a sandbox to the network: add --sandbox or leave out --net"}
	case o.ContainerRuntime != "" && !o.Container:
		return &UsageError{"--container-runtime says what makes a container: add --container or leave it out"}
	case len(o.ContainerArgs) > 0 && !o.Container:
		return &UsageError{"--container-arg is about a container: add --container or leave it out"}
	}
	return nil
}

// checkReuse refuses to keep what git ignores where there is no git.
func (r *Request) checkReuse(context.Context) error {
	if r.options.Reuse && r.source.repo.vcs == nil {
		return &UsageError{fmt.Sprintf("%s is not in a git repository, so nothing says what --reuse is to keep: leave it out", r.source.Where)}
	}
	return nil
}

// checkSecrets refuses secrets that come from several places.
func (o Options) checkSecrets() error {
	for _, name := range slices.Sorted(maps.Keys(o.Secrets)) {
		s := o.Secrets[name]
		set := 0
		for _, from := range []string{s.Value, s.Env, s.File} {
			if from != "" {
				set++
			}
		}
		if set > 1 {
			return &UsageError{fmt.Sprintf("the secret %q comes from more than one place", name)}
		}
	}
	return nil
}

// findCommits resolves what the options say of commits and refs.
func (r *Request) findCommits(ctx context.Context) (err error) {
	vcs := r.source.repo.vcs
	o := r.options
	if vcs == nil {
		if o.PreviousSHA != "" {
			return &UsageError{fmt.Sprintf("%s is not in a git repository, so there is no commit %s", r.source.Where, o.PreviousSHA)}
		}
		r.ref = o.Ref
		return nil
	}
	if o.PreviousSHA != "" {
		if r.previous, err = vcs.commit(ctx, o.PreviousSHA); err != nil {
			return err
		}
	}
	if o.SHA != "" {
		if r.named, err = vcs.fullRef(ctx, o.SHA); err != nil {
			return err
		}
	}
	if o.Ref == "" || strings.HasPrefix(o.Ref, "refs/") {
		r.ref = o.Ref
		return nil
	}
	if r.ref, err = vcs.fullRef(ctx, o.Ref); err == nil && r.ref == "" {
		return &UsageError{fmt.Sprintf("unknown ref: %s; a ref that does not exist is given in full, such as refs/heads/%[1]s", o.Ref)}
	}
	return err
}

// StateDir returns the directory in which a run of these options keeps what
// outlives it. Of the options only State and Environ matter.
func (o Options) StateDir() (string, error) {
	_, state, err := runsOf(o)
	return state, err
}

func (r *Request) findState(context.Context) (err error) {
	r.state, err = stateDir(r.env, r.options.State)
	return err
}

// stateDir returns the directory that holds the run stores, from the one that
// was given, if any.
func stateDir(env environ, given string) (string, error) {
	if given == "" {
		home, ok := env.home("XDG_STATE_HOME", ".local/state")
		if !ok {
			return "", errors.New("neither XDG_STATE_HOME nor HOME says where runs can be kept")
		}
		given = filepath.Join(home, "quire")
	}
	return filepath.Abs(given)
}

// findConfig finds the global configuration.
func (r *Request) findConfig(context.Context) (err error) {
	r.config, err = findConfig(r.env, r.options.Config)
	return err
}

// ID returns the id that the run will have, a UUIDv7: known before the run
// starts, so that whoever starts it can name it.
func (r Request) ID() string { return r.id }

// String names the run, and keeps the secrets among the options out of whatever
// prints a request.
func (r Request) String() string { return "run " + r.id }

// GoString does the same for %#v.
func (r Request) GoString() string { return r.String() }
