package rundir_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"quire/exec/rundir"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *rundir.Store {
	t.Helper()
	s, err := rundir.Open(filepath.Join(t.TempDir(), "state"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t *testing.T, s *rundir.Store) *rundir.Run {
	t.Helper()
	id, err := rundir.NewID()
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Create(id, rundir.Meta{SHA: "abc", Ref: "refs/heads/main", PushedAt: noon})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func move(t *testing.T, r *rundir.Run, at time.Time, to ...rundir.State) {
	t.Helper()
	for _, st := range to {
		if err := r.Transition(st, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreate(t *testing.T) {
	s := open(t)
	r := create(t, s)
	if id, err := uuid.Parse(r.ID()); err != nil || id.Version() != 7 {
		t.Errorf("id %q is not a UUID of version 7", r.ID())
	}
	if r.State() != rundir.Pending {
		t.Errorf("state %s, want pending", r.State())
	}
	text, err := os.ReadFile(r.File("meta.yml"))
	if err != nil {
		t.Fatal(err)
	}
	want := "sha: abc\nref: refs/heads/main\npushed_at: 2026-05-01T12:00:00Z\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("meta.yml (-want +got):\n%s", diff)
	}
	if text, _ := os.ReadFile(r.File("times.yml")); string(text) != "{}\n" {
		t.Errorf("times.yml = %q, want no stamps", text)
	}
	err = filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTransitions(t *testing.T) {
	for _, tt := range []struct {
		path []rundir.State
		bad  rundir.State // refused after path
		text string
	}{
		{nil, rundir.Failed, "invalid run transition: pending -> failed"},
		{nil, rundir.Pending, "invalid run transition: pending -> pending"},
		{[]rundir.State{rundir.Active}, rundir.Pending, "invalid run transition: active -> pending"},
		{[]rundir.State{rundir.Active}, rundir.Active, "invalid run transition: active -> active"},
		{[]rundir.State{rundir.Complete}, rundir.Active, "invalid run transition: complete -> active"},
		{[]rundir.State{rundir.Active, rundir.Complete}, rundir.Failed, "invalid run transition: complete -> failed"},
		{[]rundir.State{rundir.Active, rundir.Failed}, rundir.Complete, "invalid run transition: failed -> complete"},
	} {
		s := open(t)
		r := create(t, s)
		move(t, r, noon, tt.path...)
		before := r.Dir()
		if err := r.Transition(tt.bad, noon); err == nil || err.Error() != tt.text {
			t.Errorf("after %v: error %v, want %s", tt.path, err, tt.text)
		}
		if r.Dir() != before {
			t.Errorf("after %v: a refused transition moved the run to %s", tt.path, r.Dir())
		}
		if real, err := filepath.EvalSymlinks(r.Path()); err != nil || real != r.Dir() {
			t.Errorf("after %v: by-id leads to %s, %v, want %s", tt.path, real, err, r.Dir())
		}
		if target, _ := os.Readlink(r.Path()); filepath.IsAbs(target) {
			t.Errorf("by-id link is absolute: %s", target)
		}
	}
}

func TestStamps(t *testing.T) {
	s := open(t)
	r := create(t, s)
	move(t, r, noon, rundir.Active)
	if got, _ := rundir.ReadTimes(r.Dir()); got.Started == nil || got.Finished != nil {
		t.Errorf("active run has times %+v", got)
	}
	move(t, r, noon.Add(time.Minute), rundir.Failed)
	got, err := rundir.ReadTimes(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Started.Equal(noon) || !got.Finished.Equal(noon.Add(time.Minute)) {
		t.Errorf("times %v %v", got.Started, got.Finished)
	}
	if meta, err := rundir.ReadMeta(r.Dir()); err != nil || meta.SHA != "abc" {
		t.Errorf("meta after transitions: %+v, %v", meta, err)
	}
}

func TestTransitionWithoutDirectory(t *testing.T) {
	r := create(t, open(t))
	if err := os.RemoveAll(r.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := r.Transition(rundir.Active, noon); err == nil || !strings.HasPrefix(err.Error(), "run directory not found") {
		t.Errorf("error %v", err)
	}
}

func TestRecover(t *testing.T) {
	s := open(t)
	pending, active, live, done := create(t, s), create(t, s), create(t, s), create(t, s)
	move(t, active, noon, rundir.Active)
	move(t, live, noon, rundir.Active)
	move(t, done, noon, rundir.Active, rundir.Complete)
	for _, r := range []*rundir.Run{pending, active, done} {
		r.Close()
	}
	broken := filepath.Join(s.Dir(), "active", "no-run")
	if err := os.Mkdir(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(s.Dir(), "pending", ".tmp-x")
	if err := os.Mkdir(hidden, 0o700); err != nil {
		t.Fatal(err)
	}

	moved, err := s.Recover(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(moved)
	want := []string{pending.ID(), active.ID(), "no-run"}
	slices.Sort(want)
	if diff := cmp.Diff(want, moved); diff != "" {
		t.Errorf("moved (-want +got):\n%s", diff)
	}
	for _, id := range want {
		real, err := filepath.EvalSymlinks(s.Path(id))
		if err != nil || real != filepath.Join(s.Dir(), "failed", id) {
			t.Errorf("by-id/%s leads to %s, %v", id, real, err)
		}
	}
	if times, err := rundir.ReadTimes(s.Path(active.ID())); err != nil || times.Finished == nil || !times.Started.Equal(noon) {
		t.Errorf("times of the orphan: %+v, %v", times, err)
	}
	if meta, err := rundir.ReadMeta(s.Path(active.ID())); err != nil || meta.Reason != rundir.Interrupted || meta.SHA != "abc" {
		t.Errorf("meta of the orphan: %+v, %v", meta, err)
	}
	if real, _ := filepath.EvalSymlinks(s.Path(live.ID())); filepath.Base(filepath.Dir(real)) != "active" {
		t.Errorf("a live run was moved to %s", real)
	}
	if _, err := os.Stat(hidden); err != nil {
		t.Errorf("a run that is being created was removed: %v", err)
	}
	if again, err := s.Recover(time.Now()); len(again) > 0 || err != nil {
		t.Errorf("second recovery moved %v, %v", again, err)
	}
}

// TestRecoverKilled has a process that holds a run killed, so that nothing but
// the kernel can tell that it is gone.
func TestRecoverKilled(t *testing.T) {
	if dir := os.Getenv("RUNDIR_TEST_HOLD"); dir != "" {
		s, err := rundir.Open(dir, dir)
		if err == nil {
			_, err = s.Create("held", rundir.Meta{})
		}
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		select {}
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRecoverKilled$")
	cmd.Env = append(os.Environ(), "RUNDIR_TEST_HOLD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	s, err := rundir.Open(dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	if moved, err := s.Recover(noon); len(moved) > 0 || err != nil {
		t.Errorf("recovered %v, %v from a live process", moved, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if moved, err := s.Recover(noon); len(moved) != 1 || err != nil {
		t.Errorf("recovered %v, %v from a killed process, want its run", moved, err)
	}
}

func TestPrune(t *testing.T) {
	s := open(t)
	var ids []string
	for i := range rundir.DefaultRetention.Runs + 5 {
		r := create(t, s)
		end := rundir.Complete
		if i < 3 {
			end = rundir.Failed
		}
		move(t, r, noon, rundir.Active, end)
		deep := filepath.Join(r.Dir(), "workspace", "cache")
		if err := os.MkdirAll(filepath.Join(deep, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(deep, 0o500); err != nil {
			t.Fatal(err)
		}
		r.Close()
		ids = append(ids, r.ID())
	}
	prune(t, s, time.Now(), rundir.DefaultRetention)
	want := append([]string{ids[2]}, ids[5:]...) // the last failed one, and the newest
	if diff := cmp.Diff(want, names(t, s)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	for _, id := range want {
		_, err := os.Stat(filepath.Join(s.Path(id), "workspace"))
		if kept := err == nil; kept != (id == ids[2]) {
			t.Errorf("workspace of %s kept: %v", id, kept)
		}
	}
	links, err := os.ReadDir(filepath.Join(s.Dir(), "by-id"))
	if err != nil || len(links) != len(want) {
		t.Errorf("%d links for %d runs, %v", len(links), len(want), err)
	}

	prune(t, s, time.Now().Add(rundir.DefaultRetention.Age+time.Hour), rundir.DefaultRetention)
	want = []string{ids[2], ids[len(ids)-1]}
	if diff := cmp.Diff(want, names(t, s)); diff != "" {
		t.Errorf("kept when all are old (-want +got):\n%s", diff)
	}
}

// prune prunes a store, after it checked that a dry run says the same and does
// nothing.
func prune(t *testing.T, s *rundir.Store, now time.Time, keep rundir.Retention) []rundir.Removal {
	t.Helper()
	before := names(t, s)
	said, err := s.Prune(now, keep, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, names(t, s)); diff != "" {
		t.Errorf("a dry run removed something (-before +after):\n%s", diff)
	}
	removed, err := s.Prune(now, keep, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said, removed); diff != "" {
		t.Errorf("a dry run says something else (-said +did):\n%s", diff)
	}
	return removed
}

// names returns the ids of all runs, oldest first.
func names(t *testing.T, s *rundir.Store) []string {
	t.Helper()
	runs, err := s.Runs()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range slices.Backward(runs) {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestFileName(t *testing.T) {
	for id, want := range map[string]string{
		"build":        "build",
		"Go-1.26_x":    "Go-1.26_x",
		"":             "%",
		".":            "%2E",
		"..":           "%2E.",
		".hidden":      "%2Ehidden",
		"quire/mirror": "quire%2Fmirror",
		"50%":          "50%25",
		"größe\n":      "gr%C3%B6%C3%9Fe%0A",
	} {
		if got := rundir.FileName(id); got != want {
			t.Errorf("FileName(%q) = %q, want %q", id, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		fa, fb := rundir.FileName(a), rundir.FileName(b)
		if a != b && fa == fb {
			t.Fatalf("%q and %q share the name %q", a, b, fa)
		}
		if !filepath.IsLocal(fa) || filepath.Base(fa) != fa || len(fa) > 200 {
			t.Fatalf("FileName(%q) = %q", a, fa)
		}
	})
}

func TestName(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "my repo")
	link := filepath.Join(dir, "link")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	direct, err := rundir.Name(root)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(direct, "my%20repo-") || len(direct) != len("my%20repo-")+8 {
		t.Errorf("name %q", direct)
	}
	if linked, err := rundir.Name(link); err != nil || linked != direct {
		t.Errorf("through a link the name is %q, %v, want %q", linked, err, direct)
	}
}
