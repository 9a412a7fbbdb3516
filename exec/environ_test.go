package exec

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestGitLocation asks git which variables name a repository.
func TestGitLocation(t *testing.T) {
	out, err := exec.Command("git", "rev-parse", "--local-env-vars").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(strings.Fields(string(out)), "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_12") {
		if !isGitLocation(name) {
			t.Errorf("%s reaches commands", name)
		}
	}
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "PATH"} {
		if isGitLocation(name) {
			t.Errorf("%s is kept from commands", name)
		}
	}
}

func TestEnvironFind(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/tool": 0o755, "b/tool": 0o755, "b/plain": 0o644, "tool": 0o755} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "a/plain"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, program, want string
		err                 error
	}{
		{"a:b", "tool", "a/tool", nil},
		{"b:a", "tool", "b/tool", nil},
		{"", "tool", "", syscall.ENOENT},
		{"a", "./tool", "tool", nil},
		{"a", "b/tool", "b/tool", nil},
		{"a:b", "plain", "", syscall.EACCES},
		{"a:b", "./b/plain", "", syscall.EACCES},
		{"a", "none", "", syscall.ENOENT},
		{"a", "./none", "", syscall.ENOENT},
		{"a", "", "", syscall.ENOENT},
	} {
		got, err := environ{"PATH=wrong", "PATH=" + tt.path}.find(tt.program, dir)
		if tt.want != "" {
			tt.want = filepath.Join(dir, tt.want)
		}
		if err != tt.err || err == nil && got != tt.want {
			t.Errorf("find %q in PATH=%s: %s, %v, want %s, %v", tt.program, tt.path, got, err, tt.want, tt.err)
		}
	}
}

// TestEnvironTool checks that what a repository brings along is not taken for a
// program of this machine.
func TestEnvironTool(t *testing.T) {
	base := t.TempDir()
	for _, path := range []string{"repo/tool", "repo/bin/tool", "bin/tool"} {
		path = filepath.Join(base, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link": "repo", "links/tool": "../repo/tool", "repo/out": "../bin"} {
		path := filepath.Join(base, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.Symlink(target, path)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(base, "repo"))
	for _, tt := range []struct{ path, want string }{
		{".:$/bin", "bin"}, {":$/bin", "bin"}, {"bin:$/bin", "bin"}, {"$/repo:$/bin", "bin"}, {"$/repo/bin:$/bin", "bin"},
		{"$/repo/../repo/bin:$/bin", "bin"}, {"$/link/bin:$/bin", "bin"}, {"$/links:$/bin", "bin"}, {"$/repo/out:$/bin", "bin"},
		{"$/repo", ""}, {".", ""}, {"$/none", ""},
	} {
		path := strings.ReplaceAll(tt.path, "$", base)
		for _, root := range []string{filepath.Join(base, "repo"), filepath.Join(base, "link")} {
			got, err := environ{"PATH=" + path}.tool("tool", root)
			if tt.want == "" && err == nil || tt.want != "" && got != filepath.Join(base, tt.want, "tool") {
				t.Errorf("tool in PATH=%s for %s: %q, %v, want %q", tt.path, root, got, err, tt.want)
			}
		}
	}
	// A repository of the whole disk does not make it strange.
	if got, err := (environ{"PATH=" + filepath.Join(base, "bin")}).tool("tool", "/"); err != nil {
		t.Errorf("tool for /: %q, %v", got, err)
	}
}

func TestLossy(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "",
		"plain ö 漢":          "plain ö 漢",
		"a\xff\xffb":         "a\uFFFD\uFFFDb",
		"\xe2\x82c":          "\uFFFDc",
		"\xe2\x82":           "\uFFFD",
		"\xf0\x9f\x98":       "\uFFFD",
		"\xf0\x9fA":          "\uFFFDA",
		"\xc0\xaf":           "\uFFFD\uFFFD",
		"\xed\xa0\x80":       "\uFFFD\uFFFD\uFFFD",
		"\uFFFD\xe2\x82\xac": "\uFFFD€",
	} {
		if got := lossy(text); got != want {
			t.Errorf("lossy(%q) = %q, want %q", text, got, want)
		}
	}
}
