package exec_test

import (
	"io/fs"
	osexec "os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
)

// TestUnchangedFilesStay checks which files of a workspace the next run leaves
// as they are.
func TestUnchangedFilesStay(t *testing.T) {
	for _, o := range []exec.Options{{}, {SHA: "HEAD"}} {
		f := pipelineFixture(t, script("true"))
		f.write(map[string]string{"a": "1\n", "b/c": "x 2\n", "changed": "4\n", "link": "-> a"})
		f.Commit("second")
		f.succeed(o)
		state := filepath.Join(f.Base, "state/quire")
		// Files that are this new are looked into, older ones are not.
		for _, age := range []time.Duration{0, 100 * time.Millisecond} {
			time.Sleep(age)
			before := infos(t, f.workspace(state))
			f.write(map[string]string{"changed": "5" + age.String() + "\n"})
			if o.SHA != "" {
				f.Commit("another")
			}
			f.succeed(o)
			var stayed []string
			after := infos(t, f.workspace(state))
			for _, path := range []string{"a", "b/c", "changed", "link", ".quire/ci.fnl"} {
				// The number of a file that is gone is given to the next.
				if before[path].Sys().(*syscall.Stat_t).Ctim == after[path].Sys().(*syscall.Stat_t).Ctim {
					stayed = append(stayed, path)
				}
			}
			if diff := cmp.Diff([]string{"a", "b/c", "link", ".quire/ci.fnl"}, stayed); diff != "" {
				t.Errorf("%s, %v: what stayed (-want +got):\n%s", o.SHA, age, diff)
			}
		}
	}
}

// infos returns what is below a directory.
func infos(t *testing.T, root string) map[string]fs.FileInfo {
	t.Helper()
	all := map[string]fs.FileInfo{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		all[rel], err = d.Info()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBlockedSlot leaves a file in the workspace that nobody can remove.
func TestBlockedSlot(t *testing.T) {
	f := pipelineFixture(t, script("pwd; test ! -e left"))
	f.succeed(exec.Options{})
	slot := f.workspace(filepath.Join(f.Base, "state/quire"))
	left := filepath.Join(slot, "left")
	f.Write(left, "")
	if out, err := osexec.Command("chattr", "+i", left).CombinedOutput(); err != nil {
		t.Skipf("nothing can be made immutable: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := osexec.Command("chattr", "-i", left).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for range 2 {
		_, events := f.succeed(exec.Options{})
		if got, want := output(events), filepath.Join(filepath.Dir(slot), "2")+"\n"; got != want {
			t.Errorf("ran in %q, want %q", got, want)
		}
	}
}
