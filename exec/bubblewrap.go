package exec

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"quire/exec/rundir"
)

// A sandbox is the place of commands that bubblewrap keeps from everything but
// the workspace. Each command has a sandbox of its own and takes with it
// whatever it left running. All of a run share what stands in for the home
// directory and for /tmp.
type sandbox struct {
	program string // path of bwrap
	env     environ
	spawn   *spawner
	dir     string   // of what stands in for directories of this machine
	options []string // of bwrap, for all commands
}

// findBubblewrap returns the path of bubblewrap, which is outside of the
// repository with this root.
func findBubblewrap(env environ, root string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", &UsageError{"--sandbox works on Linux only: leave it out, or use --container"}
	}
	path, err := env.tool("bwrap", root)
	if err != nil {
		return "", errors.New("--sandbox needs bubblewrap, and no bwrap is in PATH: install the package bubblewrap, " +
			"such as with apt install bubblewrap or dnf install bubblewrap")
	}
	return path, nil
}

// makeSandbox prepares the sandboxes of a run and checks that they work here.
func (x *execution) makeSandbox(ctx context.Context, s *spawner, w *workspace, vault *secrets) (_ *sandbox, err error) {
	b := &sandbox{program: x.bubblewrap, env: x.request.env, spawn: s, dir: filepath.Join(x.run.Dir(), "sandbox")}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	for _, name := range []string{"home", "tmp", "var-tmp"} {
		if err := os.MkdirAll(filepath.Join(b.dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	secret := []string{x.request.config}
	for _, from := range vault.sources {
		secret = append(secret, from.File)
	}
	b.options = b.mounts(w, x.request.state, secret)
	if !x.request.options.Net {
		b.options = append(b.options, "--unshare-net")
	}
	return b, b.try(ctx, w.dir)
}

// hiddenVariables lead to what the sandbox hides.
func hiddenVariables(name string) bool {
	return slices.Contains([]string{"TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GPG_AGENT_INFO"}, name)
}

// mounts returns the options that make up what a command sees of the disk. The
// order matters: what follows lies on top.
func (b *sandbox) mounts(w *workspace, state string, secret []string) []string {
	o := []string{"--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
		"--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"}
	// Root needs no capability to write the settings of the kernel.
	for _, name := range []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"} {
		o = append(o, "--ro-bind-try", name, name)
	}
	var hidden []string
	hide := func(dir string) {
		if real, err := filepath.EvalSymlinks(dir); err == nil && real != "/" && !belowAny(hidden, real) {
			hidden = append(hidden, real)
			o = append(o, "--tmpfs", real)
		}
	}
	replace := func(dir, by string) {
		if real, err := filepath.EvalSymlinks(dir); err == nil && real != "/" {
			hidden = append(hidden, real)
			o = append(o, "--bind", filepath.Join(b.dir, by), real)
		}
	}
	show := func(path string) { o = append(o, "--ro-bind-try", path, path) }
	// Sockets in /run lead out of the sandbox: those of container engines, of
	// the session and of agents that hold keys.
	for _, dir := range []string{"/run", "/home", "/root"} {
		hide(dir)
	}
	show("/run/current-system") // where NixOS has its programs
	if real, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil && belowAny(hidden, real) {
		show(real)
	}
	replace("/tmp", "tmp")
	replace("/var/tmp", "var-tmp")
	if home := b.env.get("HOME"); filepath.IsAbs(home) {
		replace(home, "home")
		real, _ := filepath.EvalSymlinks(home)
		for _, name := range b.tools(filepath.Clean(home)) {
			o = append(o, "--ro-bind-try", filepath.Join(home, name), filepath.Join(real, name))
		}
	}
	hide(state)
	for _, path := range secret {
		if real, err := filepath.EvalSymlinks(path); err == nil && path != "" && !belowAny(hidden, real) {
			o = append(o, "--ro-bind", os.DevNull, real)
		}
	}
	for _, m := range w.mounts() {
		how := "--bind"
		if m.readOnly {
			how = "--ro-bind"
		}
		if real, err := filepath.EvalSymlinks(m.to); err == nil {
			o = append(o, how, real, real)
		}
	}
	return o
}

// belowAny reports whether a path is one of those directories or below one.
func belowAny(dirs []string, path string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		rel, err := filepath.Rel(dir, path)
		return err == nil && filepath.IsLocal(rel)
	})
}

// homeTools are files and directories of a home directory that programs and
// their parts are in, or the settings that they cannot do without, and no
// secrets.
var homeTools = []string{
	"go/bin", "go/pkg", "sdk", ".cargo/bin", ".cargo/registry", ".cargo/git", ".cargo/config.toml", ".cargo/env", ".rustup",
	".local/bin", ".local/lib", ".local/share/pipx", ".local/share/uv", ".local/share/mise", ".nvm", ".volta", ".pyenv",
	".rbenv", ".asdf", ".sdkman/candidates", ".m2/repository", ".bun/bin", ".deno/bin", ".nix-profile",
	".gitconfig", ".config/git/config", ".config/git/ignore", ".config/git/attributes",
}

// tools returns what of the home directory is shown, relative to it: homeTools,
// and the directories of PATH with what belongs to them.
func (b *sandbox) tools(home string) []string {
	found := slices.Clone(homeTools)
	for _, dir := range filepath.SplitList(b.env.get("PATH")) {
		name, err := filepath.Rel(home, dir)
		if err != nil || name == "." || !filepath.IsLocal(name) {
			continue
		}
		found = append(found, name)
		if parent := filepath.Dir(name); filepath.Base(name) == "bin" && parent != "." {
			for _, beside := range []string{"lib", "lib64", "libexec", "include", "src", "pkg", "conf"} {
				found = append(found, filepath.Join(parent, beside))
			}
		}
	}
	return slices.DeleteFunc(found, func(name string) bool { return !exists(home, name) })
}

// try runs a command that does nothing.
func (b *sandbox) try(ctx context.Context, dir string) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	t, err := b.start(invocation{argv: []string{"sh", "-c", ":"}, dir: dir, env: b.env}, write, write)
	write.Close()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { t.signal(syscall.SIGKILL) })
	defer stop()
	said, _ := io.ReadAll(read)
	exit, signal, err := t.wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || exit != 0:
		how := cmp.Or(signal, fmt.Sprintf("exit status %d", exit))
		return fmt.Errorf("bubblewrap cannot make a sandbox here: %w", &runtimeError{"bwrap", "", how, lastOf(string(said))})
	}
	return nil
}

func (b *sandbox) close() error { return rundir.RemoveAll(b.dir) }

func (b *sandbox) start(c invocation, stdout, stderr *os.File) (_ task, err error) {
	if _, err := c.env.find(c.argv[0], c.dir); err != nil {
		return nil, err
	}
	// The environment is an option of bubblewrap like any other, and goes the
	// way that others cannot read. What a job puts into it must not be about
	// bubblewrap itself, which runs outside.
	options := append(slices.Clone(b.options), "--chdir", c.dir, "--clearenv")
	for _, kv := range c.env {
		name, value, _ := strings.Cut(kv, "=")
		options = append(options, "--setenv", name, value)
	}
	var files [4]*os.File // the status and the options, of each the end to read first
	for i := 0; i < len(files); i += 2 {
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			for _, f := range files[:i] {
				f.Close()
			}
			return nil, err
		}
	}
	cmd := &exec.Cmd{Path: b.program, Env: b.env, Dir: "/", Stdout: stdout, Stderr: stderr,
		ExtraFiles: []*os.File{files[1], files[2]}, // which become 3 and 4
		Args:       append([]string{"bwrap", "--args", "4", "--json-status-fd", "3", "--"}, c.argv...)}
	err = b.spawn.start(cmd)
	files[1].Close()
	files[2].Close()
	if err != nil {
		files[0].Close()
		files[3].Close()
		return nil, err
	}
	go func() {
		defer files[3].Close()
		_, _ = io.WriteString(files[3], strings.Join(options, "\x00")+"\x00") // bwrap says what it lacks
	}()
	t := &sandboxTask{cmd: cmd, known: make(chan struct{}), over: make(chan struct{})}
	go t.follow(files[0])
	return t, nil
}

// A sandboxTask is a command in a sandbox. Its processes are a process group
// that the first process of the sandbox leads, which is bubblewrap's too.
type sandboxTask struct {
	cmd    *exec.Cmd
	known  chan struct{} // closed when init is known, or never will be
	over   chan struct{} // closed when bubblewrap has nothing more to say
	init   int           // of the sandbox, its process id outside, or 0
	exited bool          // the command began, and ended
}

// follow reads what bubblewrap says of the sandbox.
func (t *sandboxTask) follow(status *os.File) {
	defer close(t.over)
	defer status.Close()
	known := sync.OnceFunc(func() { close(t.known) })
	defer known()
	for dec := json.NewDecoder(status); ; {
		var line struct {
			Init int  `json:"child-pid"`
			Exit *int `json:"exit-code"`
		}
		if dec.Decode(&line) != nil {
			return
		}
		if line.Init != 0 {
			t.init = line.Init
			known()
		}
		t.exited = t.exited || line.Exit != nil
	}
}

func (t *sandboxTask) wait() (int, string, error) {
	_ = t.cmd.Wait() // the state says all there is to know
	<-t.over
	exit, signal := exitOf(t.cmd.ProcessState)
	if signal == "" {
		exit, signal = relayed(exit)
	}
	if !t.exited && signal == "" {
		return exit, signal, errors.New("sh: the command did not begin in the sandbox, which may hide its program")
	}
	return exit, signal, nil
}

func (t *sandboxTask) signal(signals ...syscall.Signal) {
	select {
	case <-t.known:
	case <-time.After(startLimit):
	}
	for _, sig := range signals {
		if sig == syscall.SIGKILL {
			if t.init > 0 {
				_ = sendSignal(t.init, sig) // and with it everything in its namespace
			}
			leaderOf(t.cmd).signal(sig)
			continue
		}
		// The group is there a moment after the process.
		for tries := 0; t.init > 0 && sendSignal(-t.init, sig) == syscall.ESRCH && tries < 20; tries++ {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (t *sandboxTask) runs() bool { return t.init > 0 && groupRuns(t.init) }
