//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// shownFlag matches a flag in the help of a command, and whether it has a value.
var shownFlag = regexp.MustCompile(`(?m)^ +(?:-\w, |    )?--([\w-]+)( \S+)?  `)

// TestWorkerFlags compares the flags of quire ci worker, which passes them on, with
// those of the worker itself.
func TestWorkerFlags(t *testing.T) {
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(filepath.Join(dir, "quire"), "ci", "worker", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	passed := map[string]bool{}
	for _, f := range shownFlag.FindAllStringSubmatch(string(help), -1) {
		passed[f[1]] = f[2] != ""
	}
	taken := map[string]bool{}
	newWorker().Flags().VisitAll(func(f *pflag.Flag) { taken[f.Name] = f.NoOptDefVal == "" })
	for _, everywhere := range []string{"help", "color"} {
		delete(passed, everywhere)
		delete(taken, everywhere)
	}
	if diff := gocmp.Diff(passed, taken); diff != "" {
		t.Errorf("flags, and whether they have values (-quire ci worker +quire-temporal worker):\n%s", diff)
	}
}
