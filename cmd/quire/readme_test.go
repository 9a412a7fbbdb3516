package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeComparison checks that each row of the README's comparison names
// tests that exist, or says why there is nothing to test.
func TestReadmeComparison(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Compared with others\n")
	section, _, _ = strings.Cut(section, "\n## ")
	tests := testFunctions(t, root)
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 3 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "" {
			continue
		}
		rows++
		name, ours := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
		named := regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(cells[2], -1)
		if len(named) == 0 && !regexp.MustCompile(`^no: \w`).MatchString(ours) {
			t.Errorf("%s: no test shows %q", name, ours)
		}
		for _, n := range named {
			if !exists(root, tests, n[1]) {
				t.Errorf("%s: there is no test %s", name, n[1])
			}
		}
	}
	if rows == 0 {
		t.Error("there is no comparison")
	}
}

// exists reports whether there is a test of this name, or an archive below
// testdata.
func exists(root string, tests map[string]bool, name string) bool {
	if strings.HasSuffix(name, ".txtar") {
		_, err := os.Stat(filepath.Join(root, "testdata", name))
		return err == nil
	}
	return tests[name]
}

// TestReadmePromises checks that each promise of safety names what shows it, and
// that it exists.
func TestReadmePromises(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\nWhat is promised, and what shows it")
	section, _, _ = strings.Cut(section, "\nWhat is not promised:\n")
	promises := strings.Split(section, "\n- **")[1:]
	if len(promises) == 0 {
		t.Error("nothing is promised")
	}
	tests := testFunctions(t, root)
	shows := regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z_/]+\\.txtar)`")
	for _, p := range promises {
		named := shows.FindAllStringSubmatch(p, -1)
		if len(named) == 0 {
			t.Errorf("nothing shows: %s", p)
		}
		for _, n := range named {
			if !exists(root, tests, n[1]) {
				t.Errorf("there is no test %s", n[1])
			}
		}
	}
}

// testFunctions returns the names of the test functions below a directory.
func testFunctions(t *testing.T, root string) map[string]bool {
	t.Helper()
	pattern := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\([tf] \*testing\.[TF]\)`)
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			found[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
