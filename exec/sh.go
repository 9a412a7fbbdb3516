package exec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"quire/analysis/pipeline"
	"quire/exec/rundir"
)

// An shCall is one call of sh.
type shCall struct {
	host    *host
	job     string
	n       int
	command pipeline.Command
	dir     string
	started bool
	outputs [2]*output // stdout, stderr
}

// run runs the command to its end. The error is what the call raises.
func (s *shCall) run(ctx context.Context) (exit int, signal string, err error) {
	log := s.host.run.Log(s.job, s.n)
	defer log.Close()
	created := make(chan error, 1)
	go func() { created <- log.Create() }() // which takes about as long as to start a process
	var order sync.Mutex
	for i, stream := range []string{rundir.Stdout, rundir.Stderr} {
		s.outputs[i] = &output{
			log:     log.Stream(stream),
			values:  s.host.record.values,
			capture: &capture{dir: s.host.run.Dir()},
			order:   &order,
			emit: func(at time.Time, c rundir.Chunk) {
				s.host.record.output(at, s.job, s.n, stream, rundir.LogName(s.job, s.n), c)
			},
		}
	}
	p, err := startProcess(s.host.place, s.invocation(), s.outputs)
	if err != nil {
		<-created
		s.host.run.RemoveLog(s.job, s.n)
		return 0, "", s.spawnError(err)
	}
	s.started = true
	timeout, whose := s.command.Timeout, ""
	if timeout == 0 {
		timeout, whose = s.host.timeout, ", the limit of this run"
	}
	err = p.wait(ctx, timeout, s.host.kill)
	exit, signal = p.exit, p.signal
	switch failed := (*spawnError)(nil); {
	case errors.As(err, &failed):
		s.started = false
		<-created
		s.host.run.RemoveLog(s.job, s.n)
		return 0, "", s.spawnError(failed)
	case errors.Is(err, errTimeout):
		err = fmt.Errorf("sh: timed out after %s%s", seconds(timeout), whose)
	}
	for _, failed := range []error{<-created, s.outputs[0].err, s.outputs[1].err} {
		if err == nil && failed != nil {
			err = s.logError(failed)
		}
	}
	if s.outputs[0].cut || s.outputs[1].cut {
		s.host.record.emit(Event{Type: Log, JobID: s.job, Sh: s.n,
			Message: "the command left a process behind that still writes; its output is no longer recorded"})
	}
	return exit, signal, err
}

func (s *shCall) invocation() invocation {
	argv := s.command.Argv
	if argv == nil {
		argv = []string{"sh", "-c", s.command.Shell}
	}
	env := append(s.host.environment(s.job).with("PWD", s.dir), assignments(s.command.Env)...)
	return invocation{argv: argv, dir: s.dir, env: env}
}

func assignments(vars []pipeline.EnvVar) []string {
	var out []string
	for _, v := range vars {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}

func (s *shCall) spawnError(err error) error {
	program, hint := "sh", noShell
	if s.command.Argv != nil {
		program, hint = s.command.Argv[0], ""
	}
	return fmt.Errorf("command spawn failed: %s in %s: %w%s", program, s.dir, osError(err), hint)
}

func (s *shCall) logError(err error) error {
	return fmt.Errorf("failed to write CRI log at %s: %w", s.host.run.LogFile(s.job, s.n), osError(err))
}

func (s *shCall) result(exit int, signal string) *pipeline.ShResult {
	log := s.host.run.LogFile(s.job, s.n)
	read := func(i int, stream string) func() (string, error) {
		c := s.outputs[i].capture
		return func() (string, error) { return c.text(stream, log) }
	}
	return &pipeline.ShResult{Exit: exit, Signal: signal, Cmd: s.command.String(),
		Stdout: read(0, rundir.Stdout), Stderr: read(1, rundir.Stderr)}
}
