package sandbox_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// references are the interpreters that an archive's comment may name at its
// start.
var references = map[string]string{
	"As Lua 5.1": "lua5.1",
	"As Lua 5.4": "lua5.4",
}

// TestPrograms runs the programs under testdata/sandbox. Each archive there
// holds program.lua, the output it prints, and the error that ends it, if one
// does. Those whose comment begins with a reference's name are run by that as
// well, where it is installed: it has to print the same.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("../../testdata/sandbox/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs found: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			program := string(archive.Files[0].Data)
			w := newWorld(t, generous)
			_, failed := w.call(t, program)
			got := &txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
			output := strings.Join(w.printed, "\n") + "\n"
			got.Files = append(got.Files, txtar.File{Name: "output", Data: []byte(output)})
			if failed != nil {
				text := []byte(failed.Error() + "\n")
				got.Files = append(got.Files, txtar.File{Name: "error", Data: text})
			}
			for name, command := range references {
				if strings.HasPrefix(string(archive.Comment), name) {
					compareWith(t, command, program, output)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(got))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// compareWith runs a program by a reference.
func compareWith(t *testing.T, command, program, output string) {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		return
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, fileName)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	reference, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, stderr.Bytes())
	}
	if diff := cmp.Diff(string(reference), output); diff != "" {
		t.Errorf("other than %s (-%[1]s +got)\n%s", command, diff)
	}
}
