package exectest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A Hostile is a case of testdata/hostile: a repository that would do harm to
// whoever opens it. The comment of its archive says which promise it attacks. Its
// files are
//
//	ci.fnl     the pipeline, at .quire/ci.fnl
//	outside/…  files beside the repository and not in it
//	setup      what an archive cannot hold, one directive a line
//	want       what is found, as lines "file:line code"; "any": whatever it is
//	run        the same of ci.fnl when it is the body of a run-fn; none: it is
//	           not run
//	…          any other file of the repository, at its path
//
// Directives name files as the archive does:
//
//	text FILE N "TEXT"     appends the text N times
//	chain FILE N "TEXT"    makes N files; %d in the name is the number of the
//	                       file, from 1, and in the text that of the next one
//	fifo FILE              makes a named pipe
//	link FILE TARGET       makes a symbolic link
//	changing FILE          has the file change all the time: Change changes it
type Hostile struct {
	Name string // of the archive, without its extension
	// Path is where the archive is.
	Path    string
	Archive *txtar.Archive

	changing string
}

// ReadHostile reads all cases. dir is testdata/hostile.
func ReadHostile(t testing.TB, dir string) []*Hostile {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	var cases []*Hostile
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, &Hostile{
			Name: strings.TrimSuffix(filepath.Base(name), ".txtar"), Path: name, Archive: archive,
		})
	}
	return cases
}

// Has reports whether the archive has a file.
func (h *Hostile) Has(name string) bool { return h.index(name) >= 0 }

// Set replaces the content of a file of the archive.
func (h *Hostile) Set(name, text string) {
	i := h.index(name)
	if i < 0 {
		i = len(h.Archive.Files)
		h.Archive.Files = append(h.Archive.Files, txtar.File{Name: name})
	}
	h.Archive.Files[i].Data = []byte(text)
}

func (h *Hostile) index(name string) int {
	for i, f := range h.Archive.Files {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// Lines returns the lines of a file of the archive.
func (h *Hostile) Lines(name string) []string {
	return strings.FieldsFunc(File(h.Archive, name), func(r rune) bool { return r == '\n' })
}

// Make makes the case real below an empty directory, and returns the root of
// its repository.
func (h *Hostile) Make(t testing.TB, base string) (root string) {
	t.Helper()
	root = filepath.Join(base, "repo")
	if err := os.MkdirAll(filepath.Join(root, ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range h.Archive.Files {
		switch f.Name {
		case "setup", "want", "run":
		default:
			h.append(t, root, f.Name, string(f.Data), 1)
		}
	}
	for _, line := range h.Lines("setup") {
		if err := h.direct(t, root, line); err != nil {
			t.Fatalf("%s: %s: %v", h.Path, line, err)
		}
	}
	return root
}

// place returns where a file of the archive stands on disk.
func place(root, name string) string {
	switch {
	case strings.HasPrefix(name, "outside/"):
		root = filepath.Dir(root)
	case name == "ci.fnl" || strings.HasPrefix(name, "ci.fnl/"):
		name = ".quire/" + name
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// direct obeys a directive.
func (h *Hostile) direct(t testing.TB, root, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	name, rest, _ := strings.Cut(rest, " ")
	switch word {
	case "text", "chain":
		count, quoted, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return err
		}
		if word == "text" {
			h.append(t, root, name, text, n)
			return nil
		}
		for i := range n {
			h.append(t, root, strings.ReplaceAll(name, "%d", fmt.Sprint(i+1)), strings.ReplaceAll(text, "%d", fmt.Sprint(i+2)), 1)
		}
		return nil
	case "fifo":
		return exec.Command("mkfifo", place(root, name)).Run()
	case "link":
		return os.Symlink(filepath.FromSlash(rest), place(root, name))
	case "changing":
		h.changing = place(root, name)
		return nil
	}
	return fmt.Errorf("no such directive")
}

// append appends a text n times to a file, which it makes.
func (h *Hostile) append(t testing.TB, root, name, text string, n int) {
	t.Helper()
	path := place(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	// In pieces: a file may be larger than the memory that a test should take.
	piece := max(1, min(n, 1<<20/max(1, len(text))))
	for block := strings.Repeat(text, piece); n > 0; n -= piece {
		if n < piece {
			block = strings.Repeat(text, n)
		}
		if _, err := f.WriteString(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Change changes what the case has changing, over and over, until the function
// that it returns is called.
func (h *Hostile) Change(t testing.TB) (stop func()) {
	if h.changing == "" {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			default:
			}
			text := strings.Repeat(fmt.Sprintf("{:a %d}\n", i), 1+i%5000)
			if err := os.WriteFile(h.changing, []byte(text), 0o600); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
