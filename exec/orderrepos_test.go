package exec_test

import (
	"os"
	"path/filepath"
	"testing"

	"quire/exec"
)

// TestRepositoriesOfOrder runs a job in repositories of several kinds, and where
// the parcel of each was unpacked.
func TestRepositoriesOfOrder(t *testing.T) {
	const look = `(local {: job} (require :quire.ci))
(job :look [:quire/push] (fn [{: sh}]
  (sh "git rev-parse HEAD; git symbolic-ref -q HEAD; git for-each-ref; git status --porcelain --ignored; git log --format=%s; git ls-files -t")
  (sh "find . -path ./.git -prune -o -print | LC_ALL=C sort | tail -n 100; cat dir/a")))
`
	base := func(t *testing.T) *fixture {
		f := pipelineFixture(t, look)
		f.Write(filepath.Join(f.Root, "dir", "a"), "a\n")
		f.Write(filepath.Join(f.Root, "other", "b"), "b\n")
		f.Write(filepath.Join(f.Root, ".gitignore"), "*.o\n")
		f.Commit("second")
		return f
	}
	for name, make := range map[string]func(t *testing.T) *fixture{
		"sparse": func(t *testing.T) *fixture {
			f := base(t)
			f.Git("sparse-checkout", "set", "dir", ".quire")
			f.Write(filepath.Join(f.Root, "dir", "new"), "new\n")
			return f
		},
		"sha256": func(t *testing.T) *fixture {
			f := base(t)
			if err := os.RemoveAll(filepath.Join(f.Root, ".git")); err != nil {
				t.Fatal(err)
			}
			f.Git("init", "-q", "--object-format=sha256")
			f.Commit("first")
			f.Write(filepath.Join(f.Root, "dir", "a"), "changed\n")
			return f
		},
		"shallow": func(t *testing.T) *fixture {
			f := base(t)
			f.gitOutside("clone", "-q", "--depth=1", "file://"+f.Root, filepath.Join(f.Base, "clone"))
			f.Root = filepath.Join(f.Base, "clone")
			f.Write(filepath.Join(f.Root, "dir", "a"), "changed\n")
			f.Commit("third")
			return f
		},
		"unborn": func(t *testing.T) *fixture {
			f := base(t)
			if err := os.RemoveAll(filepath.Join(f.Root, ".git")); err != nil {
				t.Fatal(err)
			}
			f.Git("init", "-q")
			return f
		},
		"detached": func(t *testing.T) *fixture {
			f := base(t)
			f.Git("checkout", "-q", "--detach", "HEAD")
			return f
		},
		"worktree": func(t *testing.T) *fixture {
			f := base(t)
			f.Git("worktree", "add", "-q", "-b", "side", filepath.Join(f.Base, "tree"))
			f.Root = filepath.Join(f.Base, "tree")
			f.Write(filepath.Join(f.Root, "dir", "a"), "changed\n")
			return f
		},
		"ignored module": func(t *testing.T) *fixture {
			f := base(t)
			f.Write(filepath.Join(f.Root, ".quire", "ci.fnl"), "(require :lib)\n"+look)
			f.Write(filepath.Join(f.Root, ".quire", "lib.fnl"), "{}\n")
			f.Write(filepath.Join(f.Root, ".git", "info", "exclude"), "lib.fnl\n")
			return f
		},
		"filter": func(t *testing.T) *fixture { // as that of Git LFS
			f := base(t)
			f.Git("config", "filter.fake.clean", "sed s/real/pointer/")
			f.Git("config", "filter.fake.smudge", "sed s/pointer/real/")
			f.Write(filepath.Join(f.Root, ".gitattributes"), "dir/* filter=fake\n")
			f.Write(filepath.Join(f.Root, "dir", "a"), "real\n")
			f.Commit("filtered")
			f.Write(filepath.Join(f.Root, "other", "b"), "changed\n")
			return f
		},
		"line ends": func(t *testing.T) *fixture {
			f := base(t)
			f.Git("config", "core.autocrlf", "true")
			f.Write(filepath.Join(f.Root, "dir", "a"), "one\r\ntwo\r\n")
			f.Commit("with carriage returns")
			f.Write(filepath.Join(f.Root, "other", "b"), "changed\r\n")
			return f
		},
		"merge under way": func(t *testing.T) *fixture {
			f := base(t)
			f.Git("checkout", "-q", "-b", "theirs")
			f.Write(filepath.Join(f.Root, "dir", "a"), "theirs\n")
			f.Commit("theirs")
			f.Git("checkout", "-q", "main")
			f.Write(filepath.Join(f.Root, "dir", "a"), "ours\n")
			f.Commit("ours")
			f.gitFails("merge", "theirs")
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := make(t)
			report, want := f.succeed(exec.Options{})
			w := f.makeWork(exec.Options{})
			there := newWorker(t, f, w)
			r, got := there.run(t, w, "look")
			if ours, theirs := f.eventsText(report, want), f.eventsText(got, pages(t, r.Record(), 1<<20)); ours != theirs {
				t.Errorf("here:\n%s\nthere:\n%s", ours, theirs)
			}
		})
	}
}
