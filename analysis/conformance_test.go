package analysis_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestConformanceAsPipelines reads the programs of the conformance corpus as
// pipelines: what the reference runs without an error has neither errors nor
// warnings here. Excepted are those with options or modules of their own and
// those that testdata/conformance.txt lists, each with the reason: a global that
// a pipeline does not have, most of all.
func TestConformanceAsPipelines(t *testing.T) {
	files, err := filepath.Glob("../testdata/conformance/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	exceptions := listed(t)
	read := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var c struct {
				ID, Source string
				Files      map[string]string
				Opts       []string
				Error      any
			}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if c.Error != nil || len(c.Files) > 0 || len(c.Opts) > 0 {
				continue
			}
			read++
			if why := worst(c.Source); (why != "") != (exceptions[c.ID] != "") {
				t.Errorf("%s (%s): %s\n%s", c.ID, exceptions[c.ID], why, c.Source)
			}
		}
	}
	if read < 500 {
		t.Errorf("only %d programs were read", read)
	}
}

// worst returns an error or warning that a program has as a pipeline, or
// nothing.
func worst(text string) string {
	o := analysis.Options{Limits: pipeline.DefaultLimits()}
	o.Limits.Load.Time = 0
	for _, d := range analysis.New(source.NewFile(pipeline.Path, text), o).Diagnostics() {
		if d.Severity() <= diag.Warning {
			return d.Error()
		}
	}
	return ""
}

// listed reads the exceptions: an identifier, a space and a reason on each
// line.
func listed(t *testing.T) map[string]string {
	data, err := os.ReadFile("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if id, reason, ok := strings.Cut(strings.TrimSpace(line), " "); ok && id != "#" {
			out[id] = reason
		}
	}
	return out
}
