package exec

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"quire/exec/rundir"
)

// A container is the place of commands that run in one. It lives as long as
// what reads the standard input of its first process, a shell that waits for
// the end of it: with the process of the run, however that ends, the container
// is gone. That shell also reaps the processes that commands leave behind.
//
// A command is started by the runtime's exec. It gets its environment through
// variables of other names, by a shell, because what the runtime is told on its
// command line can be read by others, and what is in its environment is about
// the runtime. The shell then writes its process id to a file that the
// container shares with this machine, and becomes the command. That number is
// also the number of its process group, by which it is ended: a runtime passes
// no signal on.
type container struct {
	runtime *containerRuntime
	spawn   *spawner
	run     string // id
	name    string
	control string // directory, shared with the container as controlDir
	main    *exec.Cmd
	stdin   *os.File
	calls   atomic.Int64

	dead chan struct{} // closed when the container is gone
	last tail          // what its runtime wrote; read it only after that
}

// controlDir is where a container finds the files by which commands say that
// they began.
const controlDir = "/run/quire"

// What the shells in the container do.
const (
	// keeper waits for one child and reaps all: some shells also wait for those
	// that others left, when they are to wait for no one in particular.
	keeper = `exec 3<&0; echo ready; (read -r _ <&3) & wait $!`
	// begin is called with the path of the control file as $0.
	begin = `fail() { echo "$1" >"$0"; exit 127; }
case $1 in
*/*)
	test -e "$1" || fail missing
	test -x "$1" && ! test -d "$1" || fail denied ;;
*)
	command -v "$1" >/dev/null 2>&1 || fail missing ;;
esac
echo $$ >"$0"; exec "$@"`
)

// runLabel is the label by which the container of a run is known.
func runLabel(id string) string { return "quire.run=" + id }

// containerFile is the name of the file of a run that says how to find its
// container.
const containerFile = "container.json"

// A containerNote is the content of containerFile.
type containerNote struct {
	Runtime string `json:"runtime"` // its path
}

// startContainer starts a container that has a workspace.
func (x *execution) startContainer(ctx context.Context, s *spawner, w *workspace, image string) (_ *container, err error) {
	c := &container{runtime: x.runtime, spawn: s, run: x.run.ID(), name: "quire-" + x.run.ID(),
		control: filepath.Join(x.run.Dir(), "container"), dead: make(chan struct{})}
	if err := os.Mkdir(c.control, 0o700); err != nil {
		return nil, err
	}
	note, err := json.Marshal(containerNote{x.runtime.path})
	if err != nil {
		return nil, err
	}
	if err := x.run.Write(containerFile, note); err != nil {
		return nil, err
	}
	mounts := append(w.mounts(), mount{c.control, controlDir, false})
	args := append([]string{"run", "--workdir", w.dir}, x.runtime.user...)
	args = append(args, x.request.options.ContainerArgs...)
	args = append(args, "--interactive", "--rm", "--stop-timeout", "0", "--name", c.name, "--label", runLabel(x.run.ID()))
	for _, m := range mounts {
		args = append(args, "--mount", m.flag())
	}
	args = append(args, "--entrypoint", "sh", "--", image, "-c", keeper)
	x.say("starting the container with " + x.runtime.name())
	ready, err := c.launch(x.say, args)
	if err != nil {
		return nil, err
	}
	select {
	case <-ready:
		return c, nil
	case <-c.dead:
		err = c.death()
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, c.close())
}

// launch starts the runtime that keeps the container. The channel is closed when
// the container is there.
func (c *container) launch(say func(string), args []string) (ready chan struct{}, err error) {
	var files [6]*os.File // stdin, stdout and stderr, of each the end to read first
	closeAll := func(files ...*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	for i := 0; i < len(files); i += 2 {
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			closeAll(files[:i]...)
			return nil, err
		}
	}
	c.stdin = files[1]
	stdout, stderr := files[2], files[4]
	c.main = c.runtime.command(args...)
	c.main.Stdin, c.main.Stdout, c.main.Stderr = files[0], files[3], files[5]
	err = c.spawn.start(c.main)
	closeAll(files[0], files[3], files[5])
	if err != nil {
		closeAll(c.stdin, stdout, stderr)
		return nil, fmt.Errorf("%s: %w", c.runtime.name(), osError(err))
	}
	ready = make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		first := true
		eachLine(stdout, func(line string) {
			if first && line == "ready" {
				close(ready)
			}
			first = false
		})
	})
	reading.Go(func() {
		eachLine(stderr, func(line string) {
			c.last.add(line)
			say(line)
		})
	})
	go func() {
		_ = c.main.Wait() // the state says all there is to know
		for _, f := range []*os.File{stdout, stderr} {
			_ = f.SetReadDeadline(time.Now().Add(drainGrace))
		}
		reading.Wait()
		closeAll(stdout, stderr)
		close(c.dead)
	}()
	return ready, nil
}

// death says that the container is gone, and what is known about why.
func (c *container) death() error {
	return &runtimeError{c.runtime.name(), "run", c.main.ProcessState.String(), c.last}
}

// close ends the container and everything in it.
func (c *container) close() error {
	c.stdin.Close()
	select {
	case <-c.dead:
	case <-time.After(closeLimit):
	}
	err := c.runtime.remove(context.Background(), c.run)
	if !c.isDead() {
		leaderOf(c.main).signal(syscall.SIGKILL)
		<-c.dead
	}
	return errors.Join(err, os.RemoveAll(c.control))
}

// closeLimit is how long a container has to end by itself.
const closeLimit = 10 * time.Second

// remove removes the container of a run, if there is one.
func (r *containerRuntime) remove(ctx context.Context, run string) error {
	ids, err := r.call(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+runLabel(run))
	if err != nil || strings.TrimSpace(ids) == "" {
		return err
	}
	_, failed := r.call(ctx, append([]string{"rm", "--force"}, strings.Fields(ids)...)...)
	if failed == nil {
		return nil
	}
	// It may have gone by itself meanwhile.
	if ids, err = r.call(ctx, "ps", "--all", "--quiet", "--filter", "label="+runLabel(run)); err == nil && strings.TrimSpace(ids) == "" {
		return nil
	}
	return failed
}

// removeContainer removes the container that an orphaned run left, if it has
// one.
func removeContainer(ctx context.Context, env environ, store *rundir.Store, run string) error {
	text, err := os.ReadFile(filepath.Join(store.Path(run), containerFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var note containerNote
	if err == nil {
		err = json.Unmarshal(text, &note)
	}
	if err == nil {
		err = (&containerRuntime{path: note.Runtime, env: env}).remove(ctx, run)
	}
	if err != nil {
		return fmt.Errorf("the container of the run %s may be left: %w", run, err)
	}
	return nil
}

// A mount gives a container a directory of this machine.
type mount struct {
	from, to string
	readOnly bool
}

// flag returns the value of --mount, which is a line of CSV.
func (m mount) flag() string {
	fields := []string{"type=bind", "source=" + m.from, "target=" + m.to}
	if m.readOnly {
		fields = append(fields, "readonly")
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(fields) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func (c *container) start(i invocation, stdout, stderr *os.File) (task, error) {
	if c.isDead() {
		return nil, fmt.Errorf("the container is gone: %w", c.death())
	}
	n := strconv.FormatInt(c.calls.Add(1), 10)
	t := &containerTask{container: c, control: filepath.Join(c.control, n), exited: make(chan struct{})}
	args := []string{"exec", "--workdir", i.dir}
	env := slices.Clone(c.runtime.env)
	var exports, unset strings.Builder
	for k, kv := range i.env {
		name, value, _ := strings.Cut(kv, "=")
		if !identifier.MatchString(name) {
			return nil, fmt.Errorf("the variable %q cannot be passed into a container: its name is none that a shell knows", name)
		}
		carrier := name
		if !ownedByShells[name] {
			carrier = fmt.Sprintf("QUIRE_ENV_%d", k)
			fmt.Fprintf(&exports, " %s=\"$%s\"", name, carrier)
			unset.WriteString(" " + carrier)
		}
		env = append(env, carrier+"="+value)
		args = append(args, "--env", carrier)
	}
	script := begin
	if exports.Len() > 0 {
		script = "export" + exports.String() + "; unset" + unset.String() + "\n" + begin
	}
	args = append(args, c.name, "sh", "-c", script, path.Join(controlDir, n))
	t.cmd = c.runtime.command(append(args, i.argv...)...)
	t.cmd.Env, t.cmd.Stdout, t.cmd.Stderr = env, stdout, stderr
	return t, c.spawn.start(t.cmd)
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ownedByShells are the variables that some shell does not let be set.
var ownedByShells = map[string]bool{"UID": true, "EUID": true, "GID": true, "EGID": true, "GROUPS": true, "PPID": true,
	"SHELLOPTS": true, "BASHOPTS": true, "BASH_VERSINFO": true, "LINENO": true, "OPTIND": true}

// A containerTask is a command in a container.
type containerTask struct {
	*container
	control string // path of its control file
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the runtime's exec ended
	killed  atomic.Bool   // by us
}

func (t *containerTask) wait() (int, string, error) {
	_ = t.cmd.Wait() // the state says all there is to know
	close(t.exited)
	exit, signal := exitOf(t.cmd.ProcessState)
	if signal == "" {
		exit, signal = relayed(exit)
	}
	switch pid, said := t.began(time.Second); {
	case pid > 0 && (exit == 255 || signal == "SIGKILL") && !t.killed.Load() && t.gone():
		return exit, signal, fmt.Errorf("sh: the container ended while the command ran: %w", t.death())
	case pid > 0:
		return exit, signal, nil
	case said == "missing":
		return 0, "", &spawnError{syscall.ENOENT}
	case said == "denied":
		return 0, "", &spawnError{syscall.EACCES}
	case t.gone():
		return exit, signal, fmt.Errorf("sh: the container is gone: %w", t.death())
	}
	return exit, signal, fmt.Errorf("sh: %s exec failed (%s) before the command began", t.runtime.name(), t.cmd.ProcessState)
}

// began returns the process id of the command in the container, or why it did
// not begin. It waits for either for a while.
func (t *containerTask) began(within time.Duration) (pid int, said string) {
	for until := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(t.control) // which is not there yet, perhaps
		if line, ok := strings.CutSuffix(string(text), "\n"); ok {
			if pid, err := strconv.Atoi(line); err == nil && pid > 1 {
				return pid, ""
			}
			return 0, line
		}
		if !time.Now().Before(until) || t.isDead() {
			return 0, ""
		}
	}
}

func (c *container) isDead() bool {
	select {
	case <-c.dead:
		return true
	default:
		return false
	}
}

// gone reports whether the container is no more. What becomes of a command may
// be known before that.
func (c *container) gone() bool {
	if _, err := c.runtime.call(context.Background(), "exec", c.name, "sh", "-c", ":"); err == nil {
		return false
	}
	select {
	case <-c.dead:
		return true
	case <-time.After(closeLimit):
		return false
	}
}

func (t *containerTask) signal(signals ...syscall.Signal) {
	kill := slices.Contains(signals, syscall.SIGKILL)
	t.killed.Store(kill)
	if pid, _ := t.began(startLimit); pid > 0 {
		var script strings.Builder
		for _, sig := range signals {
			fmt.Fprintf(&script, "kill -%s -%d\n", strings.TrimPrefix(signalName(sig), "SIG"), pid)
		}
		// It fails when nothing is left, and when the container is gone.
		_, _ = t.runtime.call(context.Background(), "exec", t.name, "sh", "-c", script.String())
	}
	if !kill {
		return
	}
	select {
	case <-t.exited:
	case <-time.After(killGrace):
		leaderOf(t.cmd).signal(syscall.SIGKILL)
	}
}

// startLimit is how long a command has to begin before it is ended.
const startLimit = 5 * time.Second

func (t *containerTask) runs() bool {
	pid, _ := t.began(0)
	if pid == 0 {
		return false
	}
	_, err := t.runtime.call(context.Background(), "exec", t.name, "sh", "-c", fmt.Sprintf("kill -0 -%d", pid))
	return err == nil
}

// mounts returns what a container needs of this machine to have a workspace:
// the workspace itself and the objects that its repository borrows.
func (w *workspace) mounts() []mount {
	mounts := []mount{{w.dir, w.dir, false}}
	if w.gitDir == "" {
		return mounts
	}
	if rel, err := filepath.Rel(w.dir, w.gitDir); err != nil || !filepath.IsLocal(rel) {
		// The working tree of a user, whose repository is elsewhere.
		common := w.gitDir
		if text, err := os.ReadFile(filepath.Join(w.gitDir, "commondir")); err == nil {
			common = resolve(w.gitDir, strings.TrimSpace(string(text)))
			if rel, err := filepath.Rel(common, w.gitDir); err != nil || !filepath.IsLocal(rel) {
				mounts = append(mounts, mount{w.gitDir, w.gitDir, false})
			}
		}
		return append(mounts, mount{common, common, false})
	}
	for _, dir := range borrowed(filepath.Join(w.gitDir, "objects")) {
		mounts = append(mounts, mount{dir, dir, true})
	}
	return mounts
}

// borrowed returns the directories of objects that another one borrows from, in
// turn, without those that are not there.
func borrowed(objects string) []string {
	var found []string
	for at := []string{objects}; len(at) > 0; at = at[1:] {
		text, err := os.ReadFile(filepath.Join(at[0], "info", "alternates"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			dir := resolve(at[0], strings.TrimSuffix(line, "\n"))
			if info, err := os.Stat(dir); err == nil && info.IsDir() && dir != objects && !slices.Contains(found, dir) {
				found, at = append(found, dir), append(at, dir)
			}
		}
	}
	return found
}

// resolve returns a path that is relative to dir, unless it is absolute.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// invoker returns who runs quire, as --user takes it.
func invoker() string { return fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) }
