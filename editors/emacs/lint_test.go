package emacs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/editors/internal/tour"
)

// The package compiles without warnings, also without Eglot and lsp-mode, and
// has nothing that checkdoc and package-lint find wrong.
func TestLint(t *testing.T) {
	sources := tour.Sources(t, "*.el")
	script := tour.Sources(t, "testdata/lint/*.el")[0]
	for _, e := range editors(t) {
		t.Run(strings.ReplaceAll(e.path, "/", "_"), func(t *testing.T) {
			if !e.has(t, "package-lint") {
				t.Skipf("%s has no package-lint", e.path)
			}
			dir := t.TempDir() // compiled files are not for the tree
			var files []string
			for _, source := range sources {
				text, err := os.ReadFile(source)
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, filepath.Join(dir, filepath.Base(source)))
				if err := os.WriteFile(files[len(files)-1], text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd := e.batch(t, nil, append([]string{"-L", dir, "-l", script, "-f", "lint"}, files...)...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil || !strings.Contains(out.String(), fmt.Sprintf("%d files are clean\n", len(files))) {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

// What the mode colours are the forms of the language whose names are words.
func TestForms(t *testing.T) {
	text, err := os.ReadFile("quire-fennel.el")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)\(defconst quire-fennel-forms\n  '\((.*?)\)`).FindSubmatch(text)
	if list == nil {
		t.Fatal("no list of forms")
	}
	var coloured, forms []string
	for _, name := range regexp.MustCompile(`"([^"]+)"`).FindAllSubmatch(list[1], -1) {
		coloured = append(coloured, string(name[1]))
	}
	for _, form := range fennel.Forms() {
		if regexp.MustCompile(`^\pL`).MatchString(form.Name) {
			forms = append(forms, form.Name)
		}
	}
	slices.Sort(forms)
	if !slices.Equal(coloured, forms) {
		t.Errorf("coloured are\n%q, the forms are\n%q", coloured, forms)
	}
}
