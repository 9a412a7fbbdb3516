package exec_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
	"quire/exec/exectest"
)

const makes = `mkdir -p "out/sub dir" && echo one > out/one && echo two > "out/sub dir/two" && chmod +x out/one &&
	ln -s one out/link && ln -s /etc/hostname out/absolute && ln -s out/one inside && ln -s out results && ln -s /etc outside &&
	ln -s nowhere dangling && ln -s loop loop && mkfifo fifo && mkfifo out/fifo && echo plain > plain && chmod 500 "out/sub dir"`

// TestGet copies results out to places where there is nothing, and where there
// is something.
func TestGet(t *testing.T) {
	for name, tt := range map[string]struct {
		path, to string            // to is below a directory of the case
		before   map[string]string // files there
		want     map[string]string // what is there then, as [kind] says it
		err      string
	}{
		"file":                 {path: "plain", to: "a/b/c", want: map[string]string{"a/b/c": "plain\n"}},
		"file over file":       {path: "plain", to: "x", before: map[string]string{"x": "old\n"}, want: map[string]string{"x": "plain\n"}},
		"file over link":       {path: "plain", to: "x", before: map[string]string{"x": "-> y", "y": "old\n"}, want: map[string]string{"x": "plain\n", "y": "old\n"}},
		"file into directory":  {path: "out/one", to: "x", before: map[string]string{"x/y": ""}, want: map[string]string{"x/one": "x one\n", "x/y": ""}},
		"file into a new one":  {path: "plain", to: "x/", want: map[string]string{"x/plain": "plain\n"}},
		"file over directory":  {path: "plain", to: "x", before: map[string]string{"x/plain/y": ""}, err: "is in the way"},
		"directory":            {path: "out", to: "x", want: map[string]string{"x/one": "x one\n", "x/link": "-> one", "x/absolute": "-> /etc/hostname", "x/sub dir/two": "two\n", "x/fifo": ""}},
		"directory over other": {path: "out/", to: "x", before: map[string]string{"x/one": "old\n", "x/more": "kept\n", "x/sub dir/more": "kept\n"}, want: map[string]string{"x/one": "x one\n", "x/more": "kept\n", "x/sub dir/more": "kept\n", "x/sub dir/two": "two\n"}},
		"directory over file":  {path: "out", to: "x", before: map[string]string{"x": "old\n"}, want: map[string]string{"x": "old\n"}, err: "is in the way"},
		"a file in the way":    {path: "out", to: "x", before: map[string]string{"x/sub dir": "old\n"}, want: map[string]string{"x/sub dir": "old\n"}, err: "sub dir is in the way"},
		"a directory in it":    {path: "out", to: "x", before: map[string]string{"x/one/y": "old\n"}, want: map[string]string{"x/one/y": "old\n"}, err: "one is in the way"},
		"a link in it":         {path: "out", to: "x", before: map[string]string{"x/sub dir": "-> ../y", "y/two": "old\n"}, want: map[string]string{"y/two": "old\n"}, err: "sub dir is in the way"},
		"link to file":         {path: "inside", to: "x", want: map[string]string{"x": "x one\n"}},
		"through a link":       {path: "results/one", to: "x", want: map[string]string{"x": "x one\n"}},
		"out through a link":   {path: "outside/hostname", to: "x", want: map[string]string{"x": ""}, err: `"outside/hostname" out of the workspace: it leads out of there`},
		"link to outside":      {path: "out/absolute", to: "x", want: map[string]string{"x": ""}, err: "it leads out of there"},
		"nothing":              {path: "no such", to: "x", want: map[string]string{"x": ""}, err: `"no such" out of the workspace: there is no such file or directory`},
		"below a file":         {path: "plain/x", to: "x", err: "there is no such file or directory"},
		"dangling link":        {path: "dangling", to: "x", err: "there is no such file or directory"},
		"loop":                 {path: "loop", to: "x", err: "loop"},
		"fifo":                 {path: "fifo", to: "x", err: "it is neither a file nor a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, script(makes))
			root, there := f.Root, filepath.Join(f.Base, "there")
			f.Root = there
			f.write(tt.before)
			f.Root = root
			before := f.state()
			report, events, err := f.run(exec.Options{Get: []exec.Get{{Path: tt.path, To: there + "/" + tt.to}}})
			usage := (*exec.UsageError)(nil)
			switch {
			case tt.err != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("error %v, want %q", err, tt.err)
			case tt.err == "" && (err != nil || !strings.Contains(exectest.EventsText(events), "log copied "+tt.path+" out of the workspace to ")):
				t.Errorf("error %v, events\n%s", err, exectest.EventsText(events))
			}
			if report.Outcome != exec.Succeeded {
				t.Errorf("outcome %s", report.Outcome)
			}
			for path, want := range tt.want {
				if got := show(filepath.Join(there, path)); got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
			if diff := cmp.Diff(before, f.state()); diff != "" {
				t.Errorf("the repository changed:\n%s", diff)
			}
		})
	}
}

// TestGetRefused asks for what cannot be in a workspace.
func TestGetRefused(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	for _, path := range []string{"", ".", "..", "../x", "/etc/hostname", "a/../.."} {
		f.refused(exec.Options{Get: []exec.Get{{Path: path}}}, "expected the path of a file or directory in the workspace")
	}
	f.refused(exec.Options{InPlace: true, Get: []exec.Get{{Path: "x"}}}, "leave out --get or --in-place")
}

// TestGetOfFailedRun copies what a run made that failed, and only says of the
// rest that it is not there.
func TestGetOfFailedRun(t *testing.T) {
	f := pipelineFixture(t, script("echo made > made; exit 1"))
	to := filepath.Join(f.Base, "to")
	report, events, err := f.run(exec.Options{Get: []exec.Get{{Path: "never made", To: to}, {Path: "made", To: to}}})
	if err != nil || report.Outcome != exec.Failed {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	if got := show(to); got != "made\n" {
		t.Errorf("got %q", got)
	}
	if text := exectest.EventsText(events); !strings.Contains(text, `log cannot copy "never made" out of the workspace`) {
		t.Errorf("events\n%s", text)
	}
}

// TestGetToBadPlace copies to where nothing can be written.
func TestGetToBadPlace(t *testing.T) {
	f := pipelineFixture(t, script("echo made > made"))
	f.Write(filepath.Join(f.Base, "file"), "")
	report, _, err := f.run(exec.Options{Get: []exec.Get{{Path: "made", To: filepath.Join(f.Base, "file/below")}}})
	if err == nil || errors.As(err, new(*exec.UsageError)) || report.Outcome != exec.Internal {
		t.Errorf("%s, %v", report.Outcome, err)
	}
	if real, err := filepath.EvalSymlinks(report.Dir); err != nil || filepath.Base(filepath.Dir(real)) != "failed" {
		t.Errorf("recorded at %s, %v", real, err)
	}
}

// TestReuse keeps what git ignores of the run before, also of one that failed.
func TestReuse(t *testing.T) {
	f := pipelineFixture(t, script(`ls -A cache tracked made dir 2>/dev/null; cat tracked/file
		mkdir -p cache/deep tracked/cache venv made dir; echo x > cache/deep/x; echo x > tracked/cache/x; echo x > made/x
		echo '*' > venv/.gitignore; echo x > venv/x; chmod 500 cache/deep made; echo job >> tracked/file; echo '!cache' >> .gitignore
		ls -A venv | wc -l; test -e "$BASE/fine"`))
	f.write(map[string]string{".gitignore": "cache\n", "tracked/file": "text\n"})
	f.Commit("second")
	for i, tt := range []struct {
		o    exec.Options
		fine bool
		want string
	}{
		{exec.Options{}, true, "tracked:\nfile\ntext\n2\n"},
		{exec.Options{Reuse: true}, true, "cache:\ndeep\n\ntracked:\ncache\nfile\ntext\n2\n"},
		{exec.Options{}, false, "tracked:\nfile\ntext\n2\n"},
		{exec.Options{Reuse: true}, true, "cache:\ndeep\n\ntracked:\ncache\nfile\ntext\n2\n"},
		{exec.Options{SHA: "HEAD", Reuse: true}, true, "cache:\ndeep\n\ntracked:\ncache\nfile\ntext\n2\n"},
		{exec.Options{SHA: "HEAD"}, true, "tracked:\nfile\ntext\n2\n"},
	} {
		f.Write(filepath.Join(f.Base, "fine"), "")
		if !tt.fine {
			if err := os.Remove(filepath.Join(f.Base, "fine")); err != nil {
				t.Fatal(err)
			}
		}
		report, events, err := f.run(tt.o)
		if err != nil || (report.Outcome == exec.Succeeded) != tt.fine {
			t.Fatalf("run %d: %s, %v", i, report.Outcome, err)
		}
		if diff := cmp.Diff(tt.want, output(events)); diff != "" {
			t.Errorf("run %d, %+v (-want +got):\n%s", i, tt.o, diff)
		}
	}
	f.remove(".git")
	f.refused(exec.Options{Reuse: true}, "nothing says what --reuse is to keep")
}
