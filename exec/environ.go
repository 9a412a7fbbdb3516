package exec

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// An environ is an environment as os.Environ returns it. Of two entries of one
// name the later wins.
type environ []string

func (e environ) lookup(name string) (string, bool) {
	for _, kv := range slices.Backward(e) {
		if k, v, ok := strings.Cut(kv, "="); ok && sameVariable(k, name) {
			return v, true
		}
	}
	return "", false
}

func (e environ) get(name string) string {
	v, _ := e.lookup(name)
	return v
}

// with returns the environment with one more variable.
func (e environ) with(name, value string) environ {
	return append(e.without(func(n string) bool { return sameVariable(n, name) }), name+"="+value)
}

// without returns the environment without the variables that drop picks.
func (e environ) without(drop func(name string) bool) environ {
	return slices.DeleteFunc(slices.Clone(e), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return drop(name)
	})
}

// home returns a directory by the XDG rules: the value of name when it is an
// absolute path, else fallback below the home directory.
func (e environ) home(name, fallback string) (string, bool) {
	if dir := e.get(name); filepath.IsAbs(dir) {
		return dir, true
	}
	if home := e.get(homeVariable); home != "" {
		return filepath.Join(home, fallback), true
	}
	return "", false
}

// find returns the path of a program as a shell in dir would find it.
func (e environ) find(program, dir string) (string, error) {
	if strings.Contains(filepath.ToSlash(program), "/") {
		if !filepath.IsAbs(program) {
			program = filepath.Join(dir, program)
		}
		return executable(program)
	}
	found := error(syscall.ENOENT)
	if program == "" {
		return "", found
	}
	for _, p := range filepath.SplitList(e.get("PATH")) {
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		path, err := executable(filepath.Join(p, program))
		if err == nil {
			return path, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			found = err
		}
	}
	return "", found
}

// tool returns the path of a program that quire starts itself, and not for a
// job. It may be started by looking at a repository, so a directory of PATH
// counts only when it is absolute and outside of the repository with this root.
func (e environ) tool(program, root string) (string, error) {
	found := error(syscall.ENOENT)
	for _, p := range filepath.SplitList(e.get("PATH")) {
		if !filepath.IsAbs(p) {
			continue
		}
		path, err := executable(filepath.Join(p, program))
		switch {
		case err == nil && !holds(root, path):
			return path, nil
		case errors.Is(err, fs.ErrPermission):
			found = err
		}
	}
	return "", found
}

// holds reports whether a file is in a directory, by its name or by where it
// really is. What is below the root of the whole disk is in no repository.
func holds(dir, path string) bool {
	for _, dir := range []string{dir, resolved(dir)} {
		for _, path := range []string{path, resolved(path), filepath.Join(resolved(filepath.Dir(path)), filepath.Base(path))} {
			rel, err := filepath.Rel(dir, path)
			if err == nil && filepath.IsLocal(rel) && filepath.Dir(dir) != dir {
				return true
			}
		}
	}
	return false
}

// resolved returns a path without symbolic links, or as it is when there is no
// such file.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// osError returns what the operating system said, without what it was asked.
func osError(err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno
	}
	return err
}

// isGitLocation reports whether a variable tells git which repository it works
// on, as git rev-parse --local-env-vars lists them, or passes configuration to
// one command.
func isGitLocation(name string) bool {
	switch name {
	case "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
		"GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
		"GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX",
		"GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_QUARANTINE_PATH":
		return true
	}
	return strings.HasPrefix(name, "GIT_CONFIG_KEY_") || strings.HasPrefix(name, "GIT_CONFIG_VALUE_")
}
