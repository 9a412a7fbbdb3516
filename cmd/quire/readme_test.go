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
			exists := tests[n[1]]
			if strings.HasSuffix(n[1], ".txtar") {
				_, err := os.Stat(filepath.Join(root, "testdata", n[1]))
				exists = err == nil
			}
			if !exists {
				t.Errorf("%s: there is no test %s", name, n[1])
			}
		}
	}
	if rows == 0 {
		t.Error("there is no comparison")
	}
}

// testFunctions returns the names of the test functions below a directory.
func testFunctions(t *testing.T, root string) map[string]bool {
	t.Helper()
	pattern := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
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
