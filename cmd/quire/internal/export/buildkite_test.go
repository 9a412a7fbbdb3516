package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gopipeline "github.com/buildkite/go-pipeline"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/cmd/quire/internal/export"
)

// An uploadEnv is the environment of buildkite-agent pipeline upload: every
// variable is set, to something that no step may hold.
type uploadEnv struct{}

func (uploadEnv) Get(string) (string, bool) { return "EXPANDED", true }
func (uploadEnv) Set(string, string)        {}

// TestBuildkiteReads has Buildkite's own parser read what is exported, and put
// values in the place of variables as an upload does. Then a shell reads the
// commands: each calls quire with the id of its job.
func TestBuildkiteReads(t *testing.T) {
	for _, name := range []string{"everything", "plain", "hostile"} {
		archive, err := txtar.ParseFile("../../../../testdata/export/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		p, o, _ := read(t, archive)
		o.Before = nil
		i := slices.IndexFunc(export.Engines(), func(e export.Engine) bool { return e.Name == "buildkite" })
		text, err := export.Engines()[i].Write(p, o)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := gopipeline.Parse(bytes.NewReader(text))
		if err == nil {
			err = parsed.Interpolate(uploadEnv{}, true)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		ids, needs := map[string]string{}, map[string][]string{}
		for _, s := range parsed.Steps {
			step, ok := s.(*gopipeline.CommandStep)
			if !ok {
				t.Fatalf("%s: %T is no command", name, s)
			}
			if again, err := json.Marshal(step); err != nil || bytes.Contains(again, []byte("EXPANDED")) {
				t.Errorf("%s: %v: the upload put something into\n%s", name, err, again)
			}
			ids[step.Key] = only(t, step.Command)
			dependsOn, _ := step.RemainingFields["depends_on"].([]any)
			for _, need := range dependsOn {
				needs[ids[step.Key]] = append(needs[ids[step.Key]], ids[fmt.Sprint(need)])
			}
		}
		want, wantNeeds := []string{}, map[string][]string{}
		for _, j := range p.Jobs {
			if j.Mirror && !o.Mirror {
				continue
			}
			want = append(want, j.ID)
			for _, need := range j.Needs {
				if need != "quire/mirror" || o.Mirror {
					wantNeeds[j.ID] = append(wantNeeds[j.ID], need)
				}
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Values(ids))); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if diff := cmp.Diff(wantNeeds, needs); diff != "" {
			t.Errorf("%s: needs -want +got\n%s", name, diff)
		}
	}
}

// only runs a command in a shell for which quire is a program that writes its
// argument --only, and returns that.
func only(t *testing.T, command string) string {
	t.Helper()
	const quire = `quire() { for word; do case $word in --only=*) printf '%s' "${word#--only=}" ;; esac; done; }
buildkite-agent() { :; }
`
	sh := exec.Command("bash", "-euc", quire+command)
	sh.Dir = t.TempDir()
	sh.Env = []string{"PATH=/usr/bin:/bin", "BUILDKITE_TAG=", "BUILDKITE_BRANCH=main", "HOME=EXPANDED"}
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, command)
	}
	if left, _ := filepath.Glob(filepath.Join(sh.Dir, "*")); len(left) != 1 || !strings.HasSuffix(left[0], "quire-results") {
		t.Errorf("%v came of\n%s", left, command)
	}
	return string(out)
}
