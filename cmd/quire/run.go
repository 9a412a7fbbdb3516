package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// A runCommand is what the flags of run say.
type runCommand struct {
	options  exec.Options
	pipeline string   // path of the file to run instead of the repository's
	secrets  []string // values of --secret
	watching bool
	capped   bool // --parallel was given
	files    workspaceFlags
	output   outputFlags
	dry      dryFlags
}

func newRun(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "run [JOB]...",
		Short: "Run jobs of the pipeline",
		Long: `run runs the jobs that a push would start, or the jobs named and what they need.

Jobs run in a copy of the working tree that is a git checkout of its own: what
they do to files, branches and tags does not touch yours. A job fails when its
function raises an error; the first that fails stops the run. A command that
exits with another status than 0 only fails its job when the job says so.

The copy stays where it is for the next run, which replaces what changed; that
of the last run that failed is kept beside it. --resume goes on there: it copies
the files that you changed since, and runs the jobs that did not succeed, those
that need them, and those that you changed.

Jobs run one at a time, of those that can the one registered first; those that
run at once with --parallel share the copy. A job that runs without what it
needs, with --only, reads the outputs of that from --inputs, or else from the
last run in which it succeeded as it stands now. Given what --outputs wrote on
another machine, it is refused unless all that it needs is there and ended well,
and the commit is the same; to the job, it is then one run.

Commands run on this machine, with your rights and environment. In a container
they have the image's environment, and of this machine only the workspace. In a
sandbox they have your programs and environment, but nothing to write to except
the workspace.

With --on, jobs run on the machines of workers, each in a copy of its own that
holds what the jobs before it left, and with the secrets of its machine. What is
shown and recorded here is the same.`,
		Example: `  quire ci run                                 # what a push would start
  quire ci run deploy                          # deploy and what it needs
  quire ci run --only test                     # test alone
  quire ci run --except deploy --parallel 4    # all but deploy, four at once
  quire ci run --only test --inputs build.json --outputs test.json
  quire ci run test --watch                    # test, and again after each change
  quire ci run deploy --dry-run                # what it would execute
  quire ci run publish --ref refs/tags/v1      # as if that tag had been pushed
  quire ci run --resume                        # what failed, once more
  quire ci run build --get dist/app            # and copy what it made to here
  quire ci run --secret token=env:DEPLOY_TOKEN
  quire ci run --container                     # in the pipeline's image
  quire ci run --container --container-arg --memory=2g
  quire ci run --sandbox --net                 # none of your files, but the network
  quire ci run --on temporal://localhost:7233/default`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: completeJobs,
	}
	var run runCommand
	run.addFlags(c.Flags())
	if err := errors.Join(c.RegisterFlagCompletionFunc("only", completeJobs),
		c.RegisterFlagCompletionFunc("except", completeJobs),
		c.RegisterFlagCompletionFunc("resume", completeResume),
		c.RegisterFlagCompletionFunc("inputs", completeFiles),
		c.RegisterFlagCompletionFunc("outputs", completeFiles),
		c.RegisterFlagCompletionFunc(onFlag, completeEngines),
		c.RegisterFlagCompletionFunc("output", completeModes)); err != nil {
		panic(err)
	}
	c.RunE = func(c *cobra.Command, jobs []string) error {
		run.capped = c.Flags().Changed(parallelFlag)
		if err := run.files.fill(&run.options, jobs); err != nil {
			return err
		}
		return run.run(c.Context(), s, func(r *exec.Report, job string) string { return rerun(c.Flags(), r, job) })
	}
	return c
}

const onFlag = "on"

// completeEngines completes the beginning of a URL.
func completeEngines(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"temporal://"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func (c *runCommand) addFlags(flags *pflag.FlagSet) {
	o := &c.options
	flags.SortFlags = false
	addSelection(flags, o)
	c.output.results.addFlags(flags)
	flags.StringVarP(&o.SHA, "sha", "s", "", "run this `commit` instead of the working tree")
	flags.StringVar(&c.pipeline, "pipeline", "", "run this `file` instead of the repository's own .quire/ci.fnl")
	flags.BoolVar(&o.InPlace, "in-place", false, "run in the working tree itself instead of in a copy")
	c.files.addFlags(flags, o)
	flags.StringVar(&o.Ref, "ref", "", "run as if this `ref` had been pushed, such as refs/tags/v1")
	flags.StringVar(&o.PreviousSHA, "previous-sha", "", "run as if the ref had pointed to this `commit` before")
	flags.StringArrayVar(&c.secrets, "secret", nil,
		"give a secret: `NAME` asks for it, NAME=env:VAR and NAME=file:PATH\nsay where it is (repeatable)")
	flags.BoolVar(&o.Mirror, "mirror", false, "let quire/mirror take part, which pushes to another repository")
	flags.StringVar(&o.Config, "config", "", "read the global configuration from this `file`")
	addIsolation(flags, o)
	flags.StringVar(&o.On, onFlag, "", "run the jobs on other machines, those of the workers at this `URL`, such as\ntemporal://HOST:PORT/NAMESPACE; see quire ci worker")
	c.addWatch(flags)
	c.output.addFlags(flags)
	c.dry.addFlags(flags)
}

// run runs what the flags say; again returns the command that runs a job of it
// once more.
func (c *runCommand) run(ctx context.Context, s *session, again again) error {
	if err := errors.Join(checkSelection(c.options), c.dry.check(c.output)); err != nil {
		return err
	}
	if c.options.On != "" && !c.capped {
		c.options.Parallel = 0
	}
	if err := c.checkWatch(); err != nil {
		return err
	}
	if err := c.output.results.fill(s, &c.options); err != nil {
		return err
	}
	src, err := c.source()
	if err != nil && c.dry.on {
		return missingListing(s, err, namesJobs(c.options), c.dry.format.chosen, jsonPlanOf(&exec.Report{Outcome: exec.Succeeded}, naming{}))
	}
	if err != nil {
		return missing(c.output.human(s), err, namesJobs(c.options))
	}
	if c.dry.on {
		return c.dryRun(ctx, s, src)
	}
	read := secrets
	if c.options.On != "" {
		read = unreadSecrets // the run refuses them
	}
	if c.options.Secrets, err = read(ctx, s, c.secrets); err != nil {
		return err
	}
	if c.watching {
		return c.watch(ctx, s, again)
	}
	out, err := c.output.open(s)
	if err != nil {
		return err
	}
	_, err = runJobs(ctx, s, src, c.options, out, again)
	return err
}

// source finds the pipeline to run. A file that is named takes the place of the
// repository's own, as the unsaved text of an editor does.
func (c *runCommand) source() (*exec.Source, error) {
	if c.pipeline == "" {
		return c.find()
	}
	text, err := os.ReadFile(c.pipeline)
	if err != nil {
		return nil, usagef("cannot read the pipeline: %v", err)
	}
	src, err := c.find()
	var none *exec.MissingError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	src.File = source.NewFile(filepath.ToSlash(c.pipeline), string(text))
	c.options.Buffers = map[string]*source.File{pipeline.Path: src.File}
	return src, nil
}

// find finds the repository's own pipeline.
func (c *runCommand) find() (*exec.Source, error) {
	if c.options.Resume != "" {
		return exec.FindResumed(here(), c.options)
	}
	return exec.Find(here(), c.options.SHA)
}
