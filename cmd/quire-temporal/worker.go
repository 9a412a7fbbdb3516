package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/cmd/quire-temporal/internal/conn"
	"quire/cmd/quire-temporal/internal/worker"
	"quire/exec"
)

// workerFlags are the flags of a worker.
type workerFlags struct {
	server, namespace, queue, name string
	slots                          int
	labels                         []string
	jobs                           exec.Options
}

func newWorker() *cobra.Command {
	var f workerFlags
	c := &cobra.Command{
		Use:   "worker",
		Short: "Run the jobs of others on this machine",
		Long: `worker runs jobs on this machine, which it takes from a queue of a Temporal
server, until it is interrupted. It finishes the jobs that it has; a second
interrupt ends them, so that other workers run them again, and a third one kills
them.

A worker with labels takes jobs that declare some of these labels, and those that
declare none. Jobs run with the rights of the worker, and get its secrets: those
of the configuration of quire on this machine.`,
		Example: `  quire-temporal worker --temporal temporal.example.org:7233 --slots 2
  quire-temporal worker --temporal localhost:7233 --queue ci --labels linux,gpu --sandbox`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			return worker.Serve(stopsOf(), o)
		},
	}
	f.add(c.Flags())
	return c
}

func (f *workerFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.server, "temporal", "", "`HOST:PORT` of the server; by default as $TEMPORAL_ADDRESS says")
	flags.StringVar(&f.namespace, "namespace", "", "namespace on the server; by default as $TEMPORAL_NAMESPACE says, or default")
	flags.StringVar(&f.queue, "queue", conn.DefaultQueue, "take jobs from this queue")
	flags.IntVar(&f.slots, "slots", 1, "run up to `N` jobs at once")
	flags.StringSliceVar(&f.labels, "labels", nil, "also take jobs that declare some of these labels")
	flags.StringVar(&f.name, "name", "", "what people call this worker; by default the name of the host")
	flags.StringVar(&f.jobs.Config, "config", "", "global configuration, with the secrets of this machine")
	flags.StringVar(&f.jobs.State, "state", "", "directory for what jobs need while they run; by default $XDG_STATE_HOME/quire/workers")
	flags.BoolVar(&f.jobs.Container, "container", false, "run all commands in containers, whatever a run asks for")
	flags.StringVar(&f.jobs.ContainerRuntime, "container-runtime", "", "`program` that makes containers: docker, podman or one that is called like them")
	flags.StringArrayVar(&f.jobs.ContainerArgs, "container-arg", nil, "further `argument` of the runtime's run, with --container")
	flags.BoolVar(&f.jobs.Sandbox, "sandbox", false, "run all commands in sandboxes, whatever a run asks for")
	flags.BoolVar(&f.jobs.Net, "net", false, "let commands in sandboxes reach the network, with --sandbox")
}

// options returns what the flags say.
func (f *workerFlags) options() (o worker.Options, err error) {
	o = worker.Options{Labels: f.labels, Slots: f.slots, Name: f.name, Jobs: f.jobs, Say: say()}
	o.Address = conn.Address{Namespace: f.namespace, Queue: f.queue}
	if o.Address.Server, err = conn.ServerOf(f.server); err != nil {
		return o, usagef("--temporal: %v", err)
	}
	if err := conn.CheckQueue(f.queue); err != nil {
		return o, usagef("--queue: %v", err)
	}
	if f.slots < 1 {
		return o, usagef("--slots %d: expected 1 or more", f.slots)
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(f.labels)))); n > conn.MostLabels {
		return o, usagef("--labels: a worker has at most %d labels, not %d", conn.MostLabels, n)
	}
	if slices.Contains(f.labels, "") {
		return o, usagef("--labels: expected names, separated by commas")
	}
	if f.jobs.Container && f.jobs.Sandbox {
		return o, usagef("commands run in containers or in sandboxes: leave out --container or --sandbox")
	}
	if f.jobs.Net && !f.jobs.Sandbox {
		return o, usagef("--net opens sandboxes to the network: add --sandbox or leave out --net")
	}
	if o.Name == "" {
		if o.Name, err = os.Hostname(); err != nil {
			return o, fmt.Errorf("this machine has no name: give the worker one with --name: %w", err)
		}
	}
	if strings.ContainsAny(o.Name, "/@ \n") {
		return o, usagef("--name %q: expected a name without blanks, / and @", o.Name)
	}
	if o.Jobs.State == "" {
		state, err := exec.Options{}.StateDir()
		if err != nil {
			return o, err
		}
		o.Jobs.State = filepath.Join(state, "workers")
	}
	o.Jobs.Environ = conn.Environ()
	o.Jobs.State, err = filepath.Abs(o.Jobs.State)
	return o, err
}

// say returns what writes lines with the time of day, whoever calls it.
func say() func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		text := strings.ReplaceAll(strings.TrimSpace(fmt.Sprintf(format, args...)), "\n", " ")
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format(time.TimeOnly), text)
	}
}

// stopsOf returns how signals stop a worker: the first that asks to end, the
// second and the third.
func stopsOf() worker.Stops {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ends := make(chan os.Signal, 3)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ends, syscall.SIGHUP)
	}
	finish, finished := context.WithCancel(context.Background())
	cancel, cancelled := context.WithCancel(context.Background())
	kill := make(chan struct{})
	go func() {
		<-ends
		finished()
		<-ends
		cancelled()
		<-ends
		close(kill)
	}()
	return worker.Stops{Finish: finish, Cancel: cancel, Kill: kill}
}
