// Package editors tests what says which editor does what, and the settings of
// those that cannot be tested in the editor.
package editors

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link  = regexp.MustCompile(`\]\(([a-z]+)(?:/README\.md)?\)`)
	named = regexp.MustCompile("`(Test[A-Za-z]+)`")
)

// Every editor is in a table, and what the tables name are tests of its package.
func TestMatrix(t *testing.T) {
	rows := table(t)
	found := map[string]bool{"internal": true}
	var columns []string
	for _, cells := range rows {
		if links := link.FindAllStringSubmatch(strings.Join(cells, "|"), -1); len(links) > 1 {
			columns = nil
			for _, cell := range cells {
				dir := ""
				if m := link.FindStringSubmatch(cell); m != nil {
					dir = m[1]
					found[dir] = true
				}
				columns = append(columns, dir)
			}
			continue
		}
		if m := link.FindStringSubmatch(cells[0]); m != nil { // a table of its own
			found[m[1]] = true
			for _, name := range named.FindAllStringSubmatch(cells[1], -1) {
				if !isTest(t, m[1], name[1]) && !isTest(t, ".", name[1]) {
					t.Errorf("%s: neither %s nor this package has %s", strings.Join(cells, "|"), m[1], name[1])
				}
			}
			continue
		}
		for i, cell := range cells {
			m := named.FindStringSubmatch(cell)
			if strings.Contains(cell, "✔") != (m != nil) {
				t.Errorf("%s: %q has a tick without a test, or a test without a tick", cells[0], cell)
			}
			if m != nil && !isTest(t, columns[i], m[1]) {
				t.Errorf("%s: %s has no %s", cells[0], columns[i], m[1])
			}
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !found[entry.Name()] {
			t.Errorf("README.md does not speak of %s", entry.Name())
		}
	}
}

// table returns the cells of the lines of the README's tables that hold any.
func table(t *testing.T) (rows [][]string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(readme), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if slices.ContainsFunc(cells, func(c string) bool { return link.MatchString(c) || named.MatchString(c) }) {
			rows = append(rows, cells)
		}
	}
	if len(rows) < 10 {
		t.Fatalf("README.md has only %d rows", len(rows))
	}
	return rows
}

// isTest reports whether a package has a test.
func isTest(t *testing.T, dir, name string) bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
