package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A repository is a directory with a pipeline, under version control or not.
type repository struct {
	root string // absolute, symbolic links resolved
	vcs  *gitRepository
}

// A gitRepository is what there is to know of a repository that git manages.
type gitRepository struct {
	git
	gitDir    string // of this working tree
	commonDir string // of all working trees
	format    string // of object names, sha1 or sha256
}

// discover finds the repository that holds a directory: the git repository, or
// the nearest directory with a .quire in it, or else the directory itself.
func discover(ctx context.Context, env environ, dir string) (repository, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return repository{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return repository{}, &UsageError{fmt.Sprintf("%s: %s", dir, osError(err))}
	}
	plain := ""
	for d := dir; ; d = filepath.Dir(d) {
		switch {
		case exists(d, ".git"):
			if repo, ok := ordinaryGit(env, d); ok {
				return repo, nil
			}
			return openGit(ctx, env, d, dir)
		case exists(d, ".jj"):
			return repository{}, &UsageError{fmt.Sprintf("%s is a jj repository without a git repository beside it, "+
				"and quire reads commits and changes through git: make one with `jj git colocation enable`", d)}
		case plain == "" && exists(d, ".quire"):
			plain = d
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	if plain == "" {
		plain = dir
	}
	return repository{root: plain}, nil
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// ordinaryGit returns the git repository in a directory if it is one of which
// there is nothing to ask git: its own directory is where it is by default and
// belongs to this user, and its configuration moves nothing.
func ordinaryGit(env environ, root string) (repository, bool) {
	if env.get("GIT_CEILING_DIRECTORIES") != "" {
		return repository{}, false
	}
	dir := filepath.Join(root, ".git")
	for _, own := range []string{root, dir} {
		if info, err := os.Lstat(own); err != nil || !info.IsDir() || !isOwn(info) {
			return repository{}, false
		}
	}
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if !exists(dir, name) {
			return repository{}, false
		}
	}
	config, err := readRegular(filepath.Join(dir, "config"), 1<<20)
	if err != nil {
		return repository{}, false
	}
	text := strings.ReplaceAll(strings.ToLower(string(config)), "bare = false", "")
	for _, moves := range []string{"worktree", "include", "extensions", "bare"} {
		if strings.Contains(text, moves) {
			return repository{}, false
		}
	}
	g, err := newGit(env, root, root)
	return repository{root, &gitRepository{g, dir, dir, "sha1"}}, err == nil
}

// patience is how long git may take to say which repository it is in. It would
// wait without end for a configuration that includes a named pipe.
const patience = 5 * time.Second

// openGit asks git for the repository around a directory, which begins at root.
func openGit(ctx context.Context, env environ, root, dir string) (repository, error) {
	g, err := newGit(env, root, dir)
	if err != nil {
		return repository{}, err
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := g.line(asked, "rev-parse", "--path-format=absolute",
		"--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-object-format")
	if asked.Err() != nil && ctx.Err() == nil {
		return repository{}, &UsageError{fmt.Sprintf("%s: git did not say within %v which repository this is; see what the configuration in %s reads",
			dir, patience, filepath.Join(root, ".git"))}
	}
	if failed := (*gitError)(nil); errors.As(err, &failed) {
		return repository{}, &UsageError{fmt.Sprintf("%s: %s", dir, strings.TrimPrefix(failed.stderr, "fatal: "))}
	}
	if err != nil {
		return repository{}, err
	}
	lines := strings.Split(out, "\n")
	if len(lines) != 4 {
		return repository{}, fmt.Errorf("git rev-parse gave %d lines instead of 4: %q", len(lines), out)
	}
	if rel, err := filepath.Rel(lines[0], dir); err != nil || !filepath.IsLocal(rel) {
		return repository{}, &UsageError{fmt.Sprintf("%s is not in %s, which its git repository says is the working tree: name that directory, or unset core.worktree",
			dir, lines[0])}
	}
	g.dir = lines[0]
	return repository{lines[0], &gitRepository{g, lines[1], lines[2], lines[3]}}, nil
}

// commit returns the full name of a commit, from anything git takes for one.
func (r *gitRepository) commit(ctx context.Context, rev string) (string, error) {
	sha, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if failed := (*gitError)(nil); errors.As(err, &failed) {
		return "", &UsageError{fmt.Sprintf("unknown commit: %s", rev)}
	}
	return sha, err
}

// fullRef returns the full name of a ref: of a branch or tag when rev is its
// short name, and empty when it names something else.
func (r *gitRepository) fullRef(ctx context.Context, rev string) (string, error) {
	ref, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", rev)
	if failed := (*gitError)(nil); errors.As(err, &failed) {
		return "", nil
	}
	if !strings.HasPrefix(ref, "refs/") {
		return "", err
	}
	return ref, err
}

// config returns the whole configuration, the last value of each key.
func (r *gitRepository) config(ctx context.Context) (map[string]string, error) {
	out, err := r.run(ctx, nil, "config", "--list", "-z", "--includes")
	if err != nil {
		return nil, err
	}
	config := map[string]string{}
	for _, kv := range zeroTerminated(out) {
		key, value, ok := strings.Cut(kv, "\n")
		if !ok {
			value = "true"
		}
		config[key] = value
	}
	return config, nil
}

// A ref is a branch, a tag or a remote-tracking branch.
type ref struct {
	name, sha string
	upstream  string // of a branch
	head      bool   // HEAD is this branch
}

// refs returns what is in refs/heads, refs/tags and refs/remotes.
func (r *gitRepository) refs(ctx context.Context) ([]ref, error) {
	out, err := r.line(ctx, "for-each-ref", "--format=%(objectname) %(refname) %(symref)%00%(upstream)%00%(HEAD)",
		"refs/heads", "refs/tags", "refs/remotes")
	if err != nil || out == "" {
		return nil, err
	}
	var refs []ref
	for _, line := range strings.Split(out, "\n") {
		fields := strings.Split(line, "\x00")
		names := strings.Split(fields[0], " ")
		if len(fields) != 3 || len(names) != 3 {
			return nil, fmt.Errorf("git for-each-ref gave %q", line)
		}
		if names[2] == "" {
			refs = append(refs, ref{names[1], names[0], fields[1], fields[2] == "*"})
		}
	}
	return refs, nil
}

// A commitObject is what a run wants to know of a commit.
type commitObject struct{ sha, tree, message string }

// object returns the commit that rev names; ok is false when there is none.
func (r *gitRepository) object(ctx context.Context, rev string) (c commitObject, ok bool, err error) {
	out, err := r.run(ctx, strings.NewReader(rev+"^{commit}\n"), "cat-file", "--batch")
	if err != nil {
		return c, false, err
	}
	header, rest, _ := strings.Cut(string(out), "\n")
	fields := strings.Fields(header)
	if len(fields) != 3 || fields[1] != "commit" {
		return c, false, nil
	}
	head, message, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), "\n\n")
	c = commitObject{sha: fields[0], message: lossy(strings.TrimRight(message, "\n"))}
	tree, _, _ := strings.Cut(head, "\n")
	c.tree = strings.TrimPrefix(tree, "tree ")
	return c, true, nil
}
