package exec_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"iter"
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

// TestNotCarried has jobs leave what cannot or must not go to another machine,
// which is told, and does not go.
func TestNotCarried(t *testing.T) {
	secret := map[string]exec.Secret{"token": {Value: "correct-horse"}}
	for name, tt := range map[string]struct {
		script string // run by a job that knows the secret
		most   int64
		want   []string // what is told, in order
		here   string   // script that succeeds where the rest arrived
	}{
		"nothing": {script: "true", here: "test -f file"},
		"special files": {script: "mkfifo pipe && mkfifo pipe2 && echo x > x", want: []string{
			"pipe, pipe2 are not carried to other machines: a socket, a named pipe or a device is of its machine only"},
			here: "test -f x && test ! -e pipe"},
		"a secret in a file": {script: "printf 'token=%s' $TOKEN > .npmrc; printf %s $TOKEN | base64 > d64; echo x > x; (head -c 300000 /dev/zero; printf $TOKEN) > late",
			want: []string{".npmrc, d64, late are not carried to other machines: the value of a secret is in it, which stays on its machine"},
			here: "test -f x && test ! -e .npmrc && test ! -e d64 && test ! -e late"},
		"a secret in names": {script: "echo x > $TOKEN; ln -s $TOKEN link; mkdir d-$TOKEN; echo x > d-$TOKEN/in",
			want: []string{"{{ token }}, d-{{ token }}, d-{{ token }}/in, link are not carried to other machines: the value of a secret is in it, which stays on its machine"},
			here: "test $(ls | wc -l) = 1"},
		"a secret in a commit": {script: "printf %s $TOKEN > s && git add s && git -c user.name=J -c user.email=j commit -q -m s && rm s; echo x > x; git tag t",
			want: []string{"what changed in the git directory is not carried to other machines: the value of a secret is in it, which stays on its machine"},
			here: "test -f x && test -z \"$(git tag)\""},
		"a secret in a ref": {script: "git tag v-$TOKEN; echo x > x",
			want: []string{"what changed in the git directory is not carried to other machines: the value of a secret is in it, which stays on its machine"},
			here: "test -f x && test -z \"$(git tag)\""},
		"too much": {script: "mkdir -p target/debug; head -c 1500000 /dev/zero > target/debug/big; echo x > x; git tag t", most: 1 << 20,
			want: []string{"nothing of what was left in the workspace is carried to other machines: 1.4 MiB in 4 files, and 1.0 MiB are carried at most; 1.4 MiB are in target/debug"},
			here: "test ! -e x && test ! -e target && test -z \"$(git tag)\""},
		"no git directory": {script: "rm -rf .git; echo x > x", want: []string{"what changed in the git directory is not carried to other machines: it is gone"}, here: "test -f x && git log -1 --format="},
		"other names of the git directory": {script: "mkdir .GIT git~1 && echo x > .GIT/x && echo y > git~10", want: []string{
			".GIT, git~1 are not carried to other machines: on some systems this is the git directory"}, here: "test -f git~10 && test ! -e .GIT"},
		"other objects": {script: "echo /elsewhere >> .git/objects/info/alternates; git tag t", want: []string{
			"what changed in the git directory is not carried to other machines: it borrows other objects"}, here: "test -z \"$(git tag)\""},
		"links in the git directory": {script: "ln -s /etc/passwd .git/refs/tags/passwd", want: []string{
			"what changed in the git directory is not carried to other machines: refs/tags/passwd is no ordinary file"}, here: "test -z \"$(git tag)\""},
		"programs of git": {script: "git config core.fsmonitor 'touch ../../fsmonitor; false'; git config core.hookspath .git/mine; mkdir .git/mine; " +
			"printf '#!/bin/sh\\ntouch ../../hook\\n' > .git/mine/reference-transaction; chmod 755 .git/mine/*; git tag t; git config remote.r.url there; rm -f ../../hook ../../fsmonitor",
			here: "test -n \"$(git tag)\" && test ! -e ../../hook && test ! -e ../../fsmonitor && test -z \"$(git config core.fsmonitor)\" && test \"$(git config remote.r.url)\" = there"},
		"no index": {script: "echo broken > .git/index; echo x > x; git tag t", want: []string{"what changed in the git directory is not carried to other machines: the index is broken, or has conflicts"},
			here: "test -f x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh : secret}] (assert (= 0 (. (sh "`+strings.ReplaceAll(strings.ReplaceAll(tt.script, `\`, `\\`), `"`, `\"`)+`" {:env {:TOKEN (secret :token)}}) :exit)))))
(job :b [:a] (fn [{: sh}] (assert (= 0 (. (sh "`+strings.ReplaceAll(tt.here, `"`, `\"`)+`") :exit)))))
`)
			f.Write(filepath.Join(f.Root, "file"), "text\n")
			f.Commit("file")
			left := filepath.Join(t.TempDir(), "left")
			o := exec.Options{Only: []string{"a"}, Leave: left, Carry: tt.most, Secrets: secret}
			report, _ := f.succeed(o)
			if diff := cmp.Diff(tt.want, report.NotCarried); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			o = exec.Options{Only: []string{"b"}, Arrive: []string{left}, Given: report.Results(), Secrets: secret}
			f.succeed(o)
		})
	}
}

// TestLeftTwice checks that the same files make the same archive, and that what
// arrived is not left again.
func TestLeftTwice(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "mkdir d e; for i in 1 2 3 4 5 6; do echo $i > d/$i; touch -d '2001-01-01 01:01:01' d/$i; done; git tag x") nil))
(job :b [:a] (fn [{: sh}] (sh "git status; cat d/*") nil))
`)
	leave := func(job string, o exec.Options) string {
		t.Helper()
		o.Only, o.Leave = []string{job}, filepath.Join(t.TempDir(), job)
		r, _ := f.succeed(o)
		if r.NotCarried != nil {
			t.Errorf("%q", r.NotCarried)
		}
		return o.Leave
	}
	archive := func(path string) (text string) {
		for name, e := range readLeft(t, path) {
			text += name + " " + e + "\n"
		}
		return text
	}
	first, second := leave("a", exec.Options{}), leave("a", exec.Options{})
	one, two := archive(first), archive(second)
	if one != two || !strings.Contains(one, "files/d/6 6\n") || !strings.Contains(one, "git/state") {
		t.Errorf("%s\n%s", one, two)
	}
	again := archive(leave("b", exec.Options{Arrive: []string{first}, Given: &exec.Results{Jobs: map[string]exec.JobResult{"a": {Outcome: exec.Succeeded}}}}))
	if again != "quire-left-1 \n" {
		t.Errorf("a job that changed nothing left\n%s", again)
	}
}

// readLeft yields the entries of an archive, and what they hold.
func readLeft(t *testing.T, path string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		zip, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for in := tar.NewReader(zip); ; {
			h, err := in.Next()
			if err == io.EOF {
				return
			}
			text, failed := io.ReadAll(in)
			if err = errors.Join(err, failed); err != nil {
				t.Fatal(err)
			}
			if !yield(h.Name, h.Linkname+string(text)) {
				return
			}
		}
	}
}

// TestCarriedTimes checks that what a job made of a file stays newer than that,
// although the file is checked out later on the next machine.
func TestCarriedTimes(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "cp src made; sleep 0.01; cp made last; touch -d 2001-01-01 old; touch -d 2100-01-01 later") nil))
(job :b [:a] (fn [{: sh}] (assert (= 0 (. (sh "test made -nt src && test last -nt made && test src -nt old && touch new && test new -nt last || { ls -l --full-time src made last old new; exit 1; }") :exit)))))
`)
	f.Write(filepath.Join(f.Root, "src"), "text\n")
	f.Commit("src")
	left := filepath.Join(t.TempDir(), "left")
	r, _ := f.succeed(exec.Options{Only: []string{"a"}, Leave: left, SHA: "HEAD"})
	there := f.clone()
	there.succeed(exec.Options{Only: []string{"b"}, Arrive: []string{left}, SHA: "HEAD", Given: r.Results()})
}
