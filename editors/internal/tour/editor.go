package tour

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// Editors returns the programs to test in: those that a variable of the
// environment lists, as paths separated as in PATH, or else the first of these
// names that is in PATH. Without any the test is skipped, and told what installs
// some.
func Editors(t testing.TB, variable, installs string, names ...string) []string {
	t.Helper()
	if list := filepath.SplitList(os.Getenv(variable)); len(list) > 0 {
		return list
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
	}
	t.Skipf("no %s in PATH and none named by %s; %s", names[0], variable, installs)
	return nil
}

// Sources returns the absolute paths of the files of a pattern, which has some.
// It reads them, so that go test knows that the result depends on them.
func Sources(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	for i := range paths {
		if _, err := os.ReadFile(paths[i]); err != nil {
			t.Fatal(err)
		}
		if paths[i], err = filepath.Abs(paths[i]); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// Clone puts the tree that is tested where the READMEs have a clone of it,
// ~/src/quire.
func (tour *Tour) Clone() {
	tour.t.Helper()
	root, err := filepath.Abs("../..")
	if err == nil {
		err = os.MkdirAll(filepath.Join(tour.Home, "src"), 0o755)
	}
	if err == nil {
		err = os.Symlink(root, filepath.Join(tour.Home, "src", "quire"))
	}
	if err != nil {
		tour.t.Fatal(err)
	}
}

// InstallLine returns the line that the README gives to install a plugin, which
// matches a pattern.
func InstallLine(t testing.TB, pattern string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^` + pattern + `$`).Find(readme)
	if line == nil {
		t.Fatalf("README.md has no line that matches %s", pattern)
	}
	return string(line)
}
