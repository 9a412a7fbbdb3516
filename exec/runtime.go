package exec

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// callLimit is how long a container runtime has for what takes it a moment.
const callLimit = 20 * time.Second

// A containerRuntime is docker, podman, or a program that takes the same
// arguments.
type containerRuntime struct {
	path string
	env  environ
	// flags of run that make the user in the container the one who runs quire,
	// and the workspace theirs.
	user []string
}

// findRuntime returns the runtime that was named, or else docker or podman,
// whichever answers. Those two are looked for outside of the repository with
// this root.
func findRuntime(ctx context.Context, env environ, root, named string) (*containerRuntime, error) {
	if named != "" {
		path, err := env.find(named, "")
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("the container runtime %s cannot be used: %v", named, osError(err))}
		}
		r := &containerRuntime{path: path, env: env}
		return r, r.answer(ctx)
	}
	var why []string
	for _, name := range []string{"docker", "podman"} {
		path, err := env.tool(name, root)
		if err != nil {
			why = append(why, fmt.Sprintf("%s: %v", name, osError(err)))
			continue
		}
		r := &containerRuntime{path: path, env: env}
		if err = r.answer(ctx); err == nil {
			return r, nil
		}
		why = append(why, err.Error())
	}
	return nil, fmt.Errorf("--container needs docker or podman, and neither answers; name another with --container-runtime\n%s",
		strings.Join(why, "\n"))
}

// answer checks that the runtime works, and finds out whom it works for.
func (r *containerRuntime) answer(ctx context.Context) error {
	text, err := r.call(ctx, "info", "--format", "{{json .}}")
	if err != nil {
		return err
	}
	var info struct {
		// Docker's.
		ServerVersion   string
		ServerErrors    []string
		SecurityOptions []string
		// Podman's.
		Host *struct {
			Security struct {
				Rootless       bool
				SELinuxEnabled bool
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return fmt.Errorf("%s info: expected JSON, got %q", r.name(), firstOf(text))
	}
	if info.Host == nil && info.ServerVersion == "" {
		return fmt.Errorf("%s info: %s", r.name(), strings.Join(append(info.ServerErrors, "no server answers"), "\n"))
	}
	user, selinux := invoker(), false
	if info.Host != nil {
		selinux = info.Host.Security.SELinuxEnabled
		if info.Host.Security.Rootless {
			r.user = []string{"--userns", "keep-id"}
		}
	}
	for _, option := range info.SecurityOptions {
		switch name, _, _ := strings.Cut(strings.TrimPrefix(option, "name="), ","); name {
		case "selinux":
			selinux = true
		case "rootless":
			user = "0:0" // which is the invoking user outside
		}
	}
	r.user = append(r.user, "--user", user)
	if selinux {
		// The alternative relabels the user's own objects.
		r.user = append(r.user, "--security-opt", "label=disable")
	}
	return nil
}

func firstOf(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// name returns what messages call the runtime.
func (r *containerRuntime) name() string { return filepath.Base(r.path) }

// command returns a call of the runtime, not yet started.
func (r *containerRuntime) command(args ...string) *exec.Cmd {
	return &exec.Cmd{Path: r.path, Args: append([]string{r.path}, args...), Env: r.env}
}

// call calls the runtime for something short and returns what it wrote.
func (r *containerRuntime) call(ctx context.Context, args ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, r.path, args...)
	cmd.Env, cmd.SysProcAttr = r.env, apart()
	cmd.Cancel = func() error { leaderOf(cmd).signal(syscall.SIGKILL); return nil }
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("%s %s: no answer in %s", r.name(), args[0], seconds(callLimit))
	case errors.As(err, &exited):
		return "", &runtimeError{r.name(), args[0], exited.ProcessState.String(), lastOf(stderr.String())}
	case err != nil:
		return "", fmt.Errorf("%s: %w", r.name(), osError(err))
	}
	return stdout.String(), nil
}

// A runtimeError is a call of a container runtime that failed.
type runtimeError struct {
	runtime, command string
	how              string   // such as "exit status 1"
	tail             []string // last lines of what it wrote
}

func (e *runtimeError) Error() string {
	text := fmt.Sprintf("%s %s failed (%s)", e.runtime, e.command, e.how)
	if len(e.tail) > 0 {
		text += ":\n" + strings.Join(e.tail, "\n")
	}
	return text
}

func lastOf(text string) []string {
	var t tail
	for line := range strings.Lines(text) {
		t.add(strings.TrimSuffix(line, "\n"))
	}
	return t
}

// A tail holds the last lines that were added, without blank ones.
type tail []string

func (t *tail) add(line string) {
	if line = lossy(strings.TrimRight(line, " \r")); line == "" {
		return
	}
	if *t = append(*t, line); len(*t) > tailLines {
		*t = (*t)[1:]
	}
}

// eachLine calls f with each line of a stream until it ends. A longer line than
// anybody reads comes in pieces.
func eachLine(r io.Reader, f func(line string)) {
	lines := bufio.NewReaderSize(r, 4<<10)
	for {
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		f(string(line))
	}
}

// follow runs the runtime to its end and calls say with each line that it
// writes, never from two goroutines at once. When ctx ends, so does the call.
func (r *containerRuntime) follow(ctx context.Context, s *spawner, say func(line string), args ...string) error {
	cmd := r.command(args...)
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd.Stdout, cmd.Stderr = write, write
	err = s.start(cmd)
	write.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", r.name(), osError(err))
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // the state says all there is to know
		_ = read.SetReadDeadline(time.Now().Add(drainGrace))
	}()
	stop := context.AfterFunc(ctx, func() { endTask(leaderOf(cmd), exited, nil) })
	defer stop()
	var last tail
	eachLine(read, func(line string) {
		last.add(line)
		say(line)
	})
	<-exited
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !cmd.ProcessState.Success():
		return &runtimeError{r.name(), args[0], cmd.ProcessState.String(), last}
	}
	return nil
}
