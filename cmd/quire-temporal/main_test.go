package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"quire/exec"
)

// TestUsage calls the program in ways that cannot be meant.
func TestUsage(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"wrker", `has no command "wrker"`},
		{"worker --slots 0", "--slots 0: expected 1 or more"},
		{"worker --slots x", "--slots"},
		{"worker --labels a,b,c,d,e", "at most 4 labels, not 5"},
		{"worker --labels a,,b", "expected names"},
		{"worker --queue a/b", "is no name of a queue"},
		{"worker --name a/b", "expected a name without"},
		{"worker --temporal :7233", "is no server"},
		{"worker --sandbox --container", "leave out --container or --sandbox"},
		{"worker --net", "add --sandbox"},
		{"worker now", "worker"},
		{"run", "run"},
	} {
		root := newRoot()
		root.SetArgs(strings.Fields(tt.args))
		err := root.Execute()
		if _, usage := err.(*exec.UsageError); !usage || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: the error is %v, want one about the call with %q", tt.args, err, tt.want)
		}
	}
}

// TestEngineRefuses gives the engine what is no run.
func TestEngineRefuses(t *testing.T) {
	work := `{"version":1,"run_id":"x","jobs":[]}` + "\n"
	for _, tt := range []struct{ name, address, stdin, want string }{
		{"address", "temporal://localhost?lost=x", work, "lost=x"},
		{"nothing", "temporal://localhost", "", "no work was given"},
		{"no work", "temporal://localhost", "{}\n", "form 0"},
		{"no JSON", "temporal://localhost", "work\n", "the work"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := runEngine(strings.NewReader(tt.stdin), &out, tt.address); err == nil {
				t.Error("there was no error")
			}
			var told exec.Told
			if err := json.Unmarshal(out.Bytes(), &told); err != nil || !strings.Contains(told.Error, tt.want) {
				t.Errorf("it told %s(%v), want an error with %q", &out, err, tt.want)
			}
		})
	}
}

// TestEngineWithoutServer asks a server that is not there.
func TestEngineWithoutServer(t *testing.T) {
	stdin, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	if _, err := io.WriteString(input, `{"version":1,"run_id":"x","jobs":[]}`+"\n"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runEngine(stdin, &out, "temporal://127.0.0.1:1"); err == nil {
		t.Error("there was no error")
	}
	if want := "no Temporal server answers at 127.0.0.1:1: dial tcp 127.0.0.1:1"; !strings.Contains(out.String(), want) {
		t.Errorf("it told %s, want %q", &out, want)
	}
}
