package bytecode_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/fennel/bytecode"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// The suite is testdata/bytecode/*.txtar. In each archive stand programs,
// name.lua, each followed by what it prints, name.out, or by the error of its
// compilation, name.error.
const suite = "../../../testdata/bytecode/*.txtar"

func TestSuite(t *testing.T) {
	for _, path := range archives(t) {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(a.Files); i += 2 {
			program, expected := a.Files[i], &a.Files[i+1]
			name := strings.TrimSuffix(program.Name, ".lua")
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				var got string
				switch expected.Name {
				case name + ".out":
					got = output(t, string(program.Data))
				case name + ".error":
					got = refusal(t, string(program.Data))
				default:
					t.Fatalf("%s is followed by %s", program.Name, expected.Name)
				}
				if *update {
					expected.Data = []byte(got)
				}
				if diff := cmp.Diff(string(expected.Data), got); diff != "" {
					t.Errorf("-want +got (run with -update if the new one is right):\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSuiteReference runs the programs of the suite in PUC Lua, which knows
// best what they print.
func TestSuiteReference(t *testing.T) {
	reference := referenceLua(t)
	for _, path := range archives(t) {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(a.Comment, []byte("reference does not run")) {
			continue
		}
		for i := 0; i+1 < len(a.Files); i += 2 {
			program, expected := a.Files[i], a.Files[i+1]
			if !strings.HasSuffix(expected.Name, ".out") {
				continue
			}
			cmd := exec.Command(reference, "-")
			cmd.Stdin = bytes.NewReader(program.Data)
			got, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", program.Name, err, got)
			} else if diff := cmp.Diff(string(got), string(expected.Data)); diff != "" {
				t.Errorf("%s: %s: -reference +expected:\n%s", path, program.Name, diff)
			}
		}
	}
}

func archives(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(suite)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives at %s: %v", suite, err)
	}
	return paths
}

func referenceLua(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("no lua5.1 to compare with: install it to run this test")
	}
	return path
}

// output runs a program and returns what it prints.
func output(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	m := newMachine(t, &out)
	f, err := m.load(text, "test")
	if err == nil {
		_, err = m.run(f)
	}
	if err != nil {
		t.Fatalf("%v, after\n%s", err, &out)
	}
	return out.String()
}

// refusal returns the error of a program's compilation.
func refusal(t *testing.T, text string) string {
	t.Helper()
	_, err := bytecode.Compile(bytecode.Chunk{Name: "test", Body: parsed(t, text)})
	var refused *bytecode.Error
	if !errors.As(err, &refused) {
		t.Fatalf("compiled with error %v, want an *Error", err)
	}
	return fmt.Sprintf("%d: %s\n", refused.Line, refused.Message)
}
