package exec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/exec"
)

// TestCarriedFiles has the jobs of a chain leave all sorts of files, each in a
// checkout of its own, and compares the last workspace with the one that they
// share when they run together.
func TestCarriedFiles(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(fn runs [...] (let [lines [...]] (fn [{: sh}] (each [_ l (ipairs lines)] (assert (= 0 (. (sh l) :exit)) l)) nil)))
(job :one [:quire/push] (runs
  "mkdir -p new/empty made && echo built > made/app && chmod 755 made/app && ln -s ../nowhere made/link"
  "echo more >> changed; chmod 755 mode; rm removed; rm -r dir; mkdir dir; echo x > file-to-be; rm kind; mkdir kind; echo in > kind/in"
  "printf 'a\\377b' > \"$(printf 'odd\\377name')\"; mkdir locked; echo l > locked/in; chmod 500 locked; touch -d '2001-02-03 04:05:06.789' old"
  "echo ignored > made/x.o; echo 'two words' > 'a name'; mkdir -p nested/.git; echo n > nested/.git/config"
  "git tag one; git checkout -q -b branch; echo staged > staged; git add staged; git config user.name Job; git config user.email job@example.com"))
(job :two [:one] (runs
  "test -d new/empty && test -x made/app && test \"$(readlink made/link)\" = ../nowhere && test ! -e removed && test -f kind/in && cat made/x.o"
  "test \"$(git diff --cached --name-only)\" = staged && git commit -q -m two && git tag -a two -m tagged && git tag -d one"
  "echo more >> made/app; rm -r new; chmod 700 locked; chmod 644 mode; rm file-to-be; mkdir file-to-be; echo y > file-to-be/y; mkdir 'a name.d'"))
(job :three [:two] (runs "git describe; git log --format=%s; git status --short --branch; git config user.name; stat -c %y old; find . -path ./.git -prune -o -printf '%p %M %s %l\\n' | sort; git tag"))
`)
	for name, text := range map[string]string{"changed": "c\n", "mode": "m\n", "removed": "r\n", "dir/a/b": "b\n", "kind": "k\n", ".gitignore": "*.o\n", "same": "s\n"} {
		f.Write(filepath.Join(f.Root, name), text)
	}
	f.Commit("files")
	_, events := f.succeed(exec.Options{})
	want := eventsOf(events, "three")
	var given *exec.Results
	var arrive []string
	for _, job := range []string{"one", "two", "three"} {
		there := f.clone()
		there.Git("checkout", "-q", "main")
		o := exec.Options{Only: []string{job}, Given: given, Arrive: arrive, Leave: filepath.Join(t.TempDir(), job+".tar.gz")}
		r, events, err := there.run(o)
		if err != nil || r.Outcome != exec.Succeeded {
			t.Fatalf("%s: %v\n%s", job, err, there.reportText(r))
		}
		if len(r.NotCarried) > 0 {
			t.Errorf("%s: %q", job, r.NotCarried)
		}
		if job == "three" {
			if diff := cmp.Diff(want, eventsOf(events, job)); diff != "" {
				t.Errorf("-shared +carried\n%s", diff)
			}
		}
		given, arrive = r.Results(), append(arrive, o.Leave)
	}
	info, err := os.Stat(arrive[2])
	if err != nil || info.Size() > 200 {
		t.Errorf("a job that left nothing: %v, %v", info.Size(), err)
	}
	if !strings.Contains(want, "Job") {
		t.Error(want)
	}
}
