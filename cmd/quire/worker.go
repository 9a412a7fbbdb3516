package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/exec"
)

// workerProgram is what a worker is: the only program that knows Temporal.
const workerProgram = "quire-temporal"

func newWorker(*session) *cobra.Command {
	c := &cobra.Command{
		Use:   "worker",
		Short: "Run jobs for other machines",
		Long: `worker runs jobs of runs that were started with --on on any machine, which it
takes from a queue of a Temporal server, until it is interrupted. It finishes the
jobs that it has; a second interrupt ends them, so that other workers run them
again, and a third one kills them. It needs neither a repository nor an open port:
what a job needs comes through the server, or is fetched by git from where the
repository comes from.

Secrets are those of this machine: its global configuration or the file of
--config says where they are. A worker takes jobs that declare no labels, and
those of which it has all labels that they declare.

A worker runs whatever those who may start runs on the server want, with the
rights of whoever started it. --container and --sandbox put something between.

The program quire-temporal is the worker. It has to be beside quire or in a
directory of PATH; from the sources of quire, go install in cmd/quire-temporal
makes it.`,
		Example: `  quire ci worker --temporal localhost:7233
  quire ci worker --temporal localhost:7233 --queue nightly --slots 4
  quire ci worker --temporal localhost:7233 --labels linux,gpu --sandbox`,
		Args:              args(cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	addWorker(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		path, err := exec.FindEngine(workerProgram, rootHere())
		if err != nil {
			return err
		}
		return become(path, append([]string{"worker"}, repeated(c)...))
	}
	return c
}

func addWorker(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.String("temporal", "", "`address` of the Temporal server, HOST:PORT; without it, what TEMPORAL_ADDRESS\nsays in the environment, or else localhost:7233")
	flags.String("namespace", "", "`namespace` on the server, when it is not default")
	flags.String("queue", "quire", "take jobs from this `queue`")
	flags.Int("slots", 1, "run up to `N` jobs at once")
	flags.StringSlice("labels", nil, "take jobs that declare some of these `labels` too, such as linux,gpu")
	flags.String("name", "", "what this worker is called where runs are shown; without it, the `name`\nof this machine")
	flags.String("config", "", "read the global configuration from this `file`")
	flags.String("state", "", "keep what jobs need while they run in this `directory`")
	flags.Bool("container", false, "run all commands in containers, whatever a run asks for")
	flags.String("container-runtime", "", "make containers with this `program`")
	flags.StringArray("container-arg", nil, "pass this `argument` to the run command of the container runtime (repeatable)")
	flags.Bool("sandbox", false, "run all commands in sandboxes, whatever a run asks for")
	flags.Bool("net", false, "let commands in sandboxes reach the network")
}

// repeated returns the command's own flags that were given, as arguments.
func repeated(c *cobra.Command) (words []string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if c.InheritedFlags().Lookup(f.Name) != nil {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, item := range list.GetSlice() {
				words = append(words, "--"+f.Name+"="+item)
			}
			return
		}
		words = append(words, fmt.Sprintf("--%s=%s", f.Name, f.Value))
	})
	return words
}

// rootHere returns the root of the repository around the current directory, or
// nothing where there is none.
func rootHere() string {
	src, _ := exec.Find(here(), "")
	if src == nil {
		return ""
	}
	return src.Root
}
