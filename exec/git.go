package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A git calls git. Whatever a repository or the caller's environment says, a
// call works on the repository it is meant for, takes no lock that it can do
// without, and starts no hook, no monitor and no other program that a
// repository configures.
type git struct {
	path string   // of the program
	dir  string   // where it runs
	env  []string // complete
	// limit is how many bytes a call may write; 0 means any number.
	limit int
}

// newGit returns a git that works in dir, in the repository with this root.
func newGit(env environ, root, dir string) (git, error) {
	path, err := env.tool("git", root)
	if err != nil {
		return git{}, fmt.Errorf("git: %w in the directories of PATH outside of %s", err, root)
	}
	env = env.without(func(name string) bool {
		switch name {
		case "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH",
			"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM":
			return false
		}
		return strings.HasPrefix(name, "GIT_")
	})
	env = env.with("GIT_OPTIONAL_LOCKS", "0").with("GIT_TERMINAL_PROMPT", "0").with("GIT_NO_LAZY_FETCH", "1").with("LC_ALL", "C")
	return git{path: path, dir: dir, env: env}, nil
}

// on returns a git that works on the given git directory and working tree and
// reads no configuration but that git directory's.
func (g git) on(gitDir, workTree string) git {
	env := environ(g.env).with("GIT_DIR", gitDir).with("GIT_WORK_TREE", workTree)
	g.env = env.with("GIT_CONFIG_NOSYSTEM", "1").with("GIT_CONFIG_GLOBAL", os.DevNull)
	g.dir = workTree
	return g
}

// with returns the git with a variable in its environment.
func (g git) with(name, value string) git {
	g.env = environ(g.env).with(name, value)
	return g
}

// A gitError is a call of git that failed.
type gitError struct {
	command string
	exit    int
	stderr  string
}

func (e *gitError) Error() string {
	if e.stderr == "" {
		return fmt.Sprintf("git %s exited with %d", e.command, e.exit)
	}
	return fmt.Sprintf("git %s: %s", e.command, e.stderr)
}

// run calls git and returns what it wrote.
func (g git) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	stdout := limitedBuffer{limit: g.limit}
	err := g.pipe(ctx, stdin, &stdout, args...)
	if stdout.over {
		return nil, errOutputLimit
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return stdout.Bytes(), err
}

// pipe calls git and has it write to stdout.
func (g git) pipe(ctx context.Context, stdin io.Reader, stdout io.Writer, args ...string) error {
	config := safeConfig()
	if args[0] == "check-ignore" { // refuses any rule for pathspecs
		config = slices.DeleteFunc(config, func(option string) bool { return option == "--literal-pathspecs" })
	}
	cmd := exec.CommandContext(ctx, g.path, append(config, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = g.dir, g.env, stdin
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &gitError{args[0], exit.ExitCode(), strings.TrimSpace(stderr.String())}
	}
	return err
}

// errOutputLimit says that a call wrote more than its limit.
var errOutputLimit = errors.New("git wrote more than was asked for")

// A limitedBuffer takes a number of bytes and then refuses more.
type limitedBuffer struct {
	bytes.Buffer
	limit int
	over  bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.limit > 0 && b.Len()+len(p) > b.limit {
		b.over = true
		return 0, errOutputLimit
	}
	return b.Buffer.Write(p)
}

// line calls git and returns what it wrote without the line feed at the end.
func (g git) line(ctx context.Context, args ...string) (string, error) {
	out, err := g.run(ctx, nil, args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// safeConfig returns the options that keep git from starting programs and from
// reading its arguments as anything but what they are.
func safeConfig() []string {
	return []string{
		"--no-pager", "--literal-pathspecs", "--no-replace-objects",
		"-c", "core.hooksPath=" + os.DevNull,
		"-c", "core.fsmonitor=false",
		"-c", "protocol.allow=never",
		"-c", "gc.auto=0",
		"-c", "maintenance.auto=false",
		"-c", "advice.addEmbeddedRepo=false",
		// What is stored lives as long as a run.
		"-c", "core.looseCompression=0",
		"-c", "core.fsync=none",
	}
}

// zeroTerminated splits output of a call with -z.
func zeroTerminated(out []byte) []string {
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
