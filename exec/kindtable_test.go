package exec_test

import (
	"os"
	"path/filepath"
	"regexp"
)

// throwAway matches the names of commits in what is said of a workspace: those
// of a throw-away commit depend on the time.
var throwAway = regexp.MustCompile(`\b[0-9a-f]{40,64} commit\b`)

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

var kinds = map[string]kind{
	"plain files": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"a": "a\n", "b/c": "c\n", "b/d": "d\n", "empty": "", ".gitignore": "ignored\n"})
			f.Commit("third")
			f.write(map[string]string{"b/c": "changed\n", "untracked": "new\n", "ignored": "not wanted\n"})
		},
		want:   map[string]string{"a": "a\n", "b/c": "changed\n", "empty": "", "untracked": "new\n", "ignored": ""},
		change: func(f *fixture) { f.remove("a", "untracked", "b/d"); f.write(map[string]string{"b/e": "e\n"}) },
		then:   map[string]string{"a": "", "untracked": "", "b/d": "", "b/e": "e\n"},
	},
	"symbolic links": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"dir/file": "below\n", "to file": "-> dir/file", "to dir": "-> dir", "dangling": "-> no/such/file",
				"absolute": "-> /etc/hostname", "out": "-> ../..", "loop": "-> loop", "dir/up": "-> ../file"})
			f.Commit("third")
			f.write(map[string]string{"untracked": "-> dangling"})
		},
		want: map[string]string{"to file": "-> dir/file", "to dir": "-> dir", "dangling": "-> no/such/file", "absolute": "-> /etc/hostname",
			"out": "-> ../..", "loop": "-> loop", "dir/up": "-> ../file", "untracked": "-> dangling"},
		change: func(f *fixture) {
			f.write(map[string]string{"to file": "-> dir/up", "dangling": "a file now\n", "file": "-> dir/file", "dir": "-> elsewhere"})
		},
		then: map[string]string{"to file": "-> dir/up", "dangling": "a file now\n", "file": "-> dir/file", "dir": "-> elsewhere"},
	},
	"executable bits": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"run": "x #!/bin/sh\n", "not": "no\n"})
			f.Commit("third")
		},
		want: map[string]string{"run": "x #!/bin/sh\n", "not": "no\n"},
		change: func(f *fixture) {
			f.write(map[string]string{"run": "#!/bin/sh\n", "not": "x no\n"})
		},
		then: map[string]string{"run": "#!/bin/sh\n", "not": "x no\n"},
	},
	"names": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"a b": "1", "new\nline": "2", `quo"te's`: "3", "tab\there": "4", "\xff\xfe": "5", "ünï/cödé": "6", "-n": "7",
				`back\slash`: "8", ":(top)x": "9", "*": "10", " ": "11", "trailing ": "12", "dir with space/new\nline/\xff": "13"})
			f.Commit("third")
			f.write(map[string]string{"un\ntracked \xfe": "14"})
		},
		want: map[string]string{"a b": "1", "new\nline": "2", `quo"te's`: "3", "tab\there": "4", "\xff\xfe": "5", "ünï/cödé": "6", "-n": "7",
			`back\slash`: "8", ":(top)x": "9", "*": "10", " ": "11", "trailing ": "12", "dir with space/new\nline/\xff": "13", "un\ntracked \xfe": "14"},
		change: func(f *fixture) { f.remove("new\nline", "*"); f.write(map[string]string{"\xff\xfe": "changed"}) },
		then:   map[string]string{"new\nline": "", "*": "", "\xff\xfe": "changed", "a b": "1"},
	},
	"line ends": {
		prepare: func(f *fixture) {
			f.Git("config", "core.autocrlf", "true")
			f.write(map[string]string{"dos": "a\r\nb\r\n", "unix": "a\nb\n", "binary": "\x00\r\n", ".gitattributes": "binary -text\n*.lf text eol=lf\n", "x.lf": "a\n"})
			f.Commit("third")
			f.write(map[string]string{"untracked": "a\r\n"})
		},
		want: map[string]string{"dos": "a\r\nb\r\n", "unix": "a\nb\n", "binary": "\x00\r\n", "x.lf": "a\n", "untracked": "a\r\n"},
		// To git nothing changes.
		change: func(f *fixture) { f.write(map[string]string{"dos": "a\nb\n", "unix": "a\r\nb\r\n"}) },
		then:   map[string]string{"dos": "a\nb\n", "unix": "a\r\nb\r\n"},
	},
	"LFS pointers": {
		prepare: func(f *fixture) {
			f.write(map[string]string{".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "pointer.bin": lfsPointer, "real.bin": lfsPointer})
			f.Commit("third")
			for key, value := range map[string]string{"clean": "false", "smudge": "false", "process": "false", "required": "true"} {
				f.Git("config", "filter.lfs."+key, value)
			}
			f.write(map[string]string{"real.bin": "what the pointer stands for"})
		},
		want: map[string]string{"pointer.bin": lfsPointer, "real.bin": "what the pointer stands for"},
	},
	"sparse checkout": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"far/away": "x\n", "far/there": "x\n", "near/by": "x\n"})
			f.Commit("third")
			f.Git("sparse-checkout", "set", "--cone", ".quire", "near")
		},
		want:   map[string]string{"far": "", "near/by": "x\n", "file": "text\n"},
		change: func(f *fixture) { f.Git("sparse-checkout", "set", "--no-cone", "/.quire/", "/far/away") },
		then:   map[string]string{"far/away": "x\n", "far/there": "", "near": "", "file": ""},
	},
	"no commits": {
		prepare: func(f *fixture) {
			f.remove(".git")
			f.Git("init", "-q")
			f.write(map[string]string{"staged": "staged\n"})
			f.Git("add", "staged")
		},
		want: map[string]string{"staged": "staged\n", "file": "text\n"},
	},
	"no repository": {
		prepare: func(f *fixture) {
			f.remove(".git")
			if err := os.MkdirAll(filepath.Join(f.Root, "empty/dir"), 0o777); err != nil {
				f.t.Fatal(err)
			}
			mkfifo(f.t, filepath.Join(f.Root, "fifo"))
			f.write(map[string]string{"sub/x": "x run\n", ".gitignore": "*\n", "link": "-> nowhere", "new\nline/\xff": "odd\n"})
		},
		want: map[string]string{"file": "text\n", "empty/dir": "dir", "fifo": "", "sub/x": "x run\n", ".gitignore": "*\n", "link": "-> nowhere", "new\nline/\xff": "odd\n"},
		change: func(f *fixture) {
			f.remove("sub", "empty", "link")
			f.write(map[string]string{"sub": "a file now\n", "link/below": "a directory now\n"})
		},
		then: map[string]string{"sub": "a file now\n", "link/below": "a directory now\n", "empty": ""},
	},
	"jj beside git": {
		prepare: func(f *fixture) {
			f.write(map[string]string{".jj/.gitignore": "/*\n", ".jj/repo/store/type": "git", ".jj/repo/store/git_target": "../../../.git", ".jj/working_copy/type": "local"})
			f.Git("checkout", "-q", "--detach")
			f.write(map[string]string{"file": "changed\n"})
		},
		want: map[string]string{".jj": "", "file": "changed\n"},
	},
	"work tree": {
		prepare: func(f *fixture) {
			f.Git("worktree", "add", "-q", "-b", "other", filepath.Join(f.Base, "tree"))
			f.Root = filepath.Join(f.Base, "tree")
			f.write(map[string]string{"here": "only\n"})
		},
		want: map[string]string{"here": "only\n", "file": "text\n"},
	},
	"shallow": {
		prepare: func(f *fixture) {
			f.Git("clone", "-q", "--depth=1", "file://"+f.Root, filepath.Join(f.Base, "clone"))
			f.Root = filepath.Join(f.Base, "clone")
			f.write(map[string]string{"file": "changed\n"})
		},
		want: map[string]string{"file": "changed\n"},
	},
	"flags of the index": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"assumed": "1\n", "assumed gone": "2\n", "skipped": "3\n", "skipped gone": "4\n", "dir/skipped gone": "5\n"})
			f.Commit("third")
			f.Git("update-index", "--assume-unchanged", "assumed", "assumed gone")
			f.Git("update-index", "--skip-worktree", "skipped", "skipped gone", "dir/skipped gone")
			f.write(map[string]string{"assumed": "changed\n", "skipped": "changed\n", "intended": "to be added\n", "intended gone": "x\n"})
			f.Git("add", "--intent-to-add", "intended", "intended gone")
			f.remove("assumed gone", "skipped gone", "dir", "intended gone")
		},
		want: map[string]string{"assumed": "changed\n", "assumed gone": "", "skipped": "changed\n", "skipped gone": "", "dir": "",
			"intended": "to be added\n", "intended gone": ""},
	},
	"case of names": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"Readme": "1\n", "Dir/File": "2\n"})
			f.Commit("third")
		},
		want: map[string]string{"Readme": "1\n", "Dir/File": "2\n"},
		change: func(f *fixture) {
			f.Git("mv", "Readme", "README")
			f.Git("mv", "Dir", "dir")
			f.Commit("fourth")
		},
		then: map[string]string{"Readme": "", "README": "1\n", "Dir": "", "dir/File": "2\n"},
	},
	"files and directories": {
		prepare: func(f *fixture) {
			f.write(map[string]string{"a": "1\n", "b/c/d": "2\n", "e/f": "3\n"})
			f.Commit("third")
		},
		want: map[string]string{"a": "1\n", "b/c/d": "2\n", "e/f": "3\n"},
		change: func(f *fixture) {
			f.remove("a", "b", "e")
			f.write(map[string]string{"a/b/c": "4\n", "b": "5\n", "e": "-> a"})
			f.Commit("fourth")
		},
		then: map[string]string{"a/b/c": "4\n", "b": "5\n", "e": "-> a"},
	},
	"alternates": {
		prepare: func(f *fixture) {
			f.Git("clone", "-q", "--shared", f.Root, filepath.Join(f.Base, "first"))
			f.gitOutside("clone", "-q", "--shared", filepath.Join(f.Base, "first"), filepath.Join(f.Base, "second"))
			f.Root = filepath.Join(f.Base, "second")
			// Relative, as git also accepts it.
			f.write(map[string]string{".git/objects/info/alternates": "../../../first/.git/objects\n", "new": "new\n"})
			f.Write(filepath.Join(f.Base, "first/.git/objects/info/alternates"), "../../../repo/.git/objects\n")
		},
		want: map[string]string{"file": "text\n", "new": "new\n"},
	},
	"sha256": {
		prepare: func(f *fixture) {
			f.remove(".git")
			f.Git("init", "-q", "--object-format=sha256")
			f.Commit("second")
			f.write(map[string]string{"new": "new\n"})
		},
		want: map[string]string{"file": "text\n", "new": "new\n"},
	},
	"submodules": {
		prepare: func(f *fixture) {
			inner := f.library("inner", "deep", "deeper/still")
			outer := f.library("outer", "file", "run")
			f.GitIn(outer, "submodule", "--quiet", "add", inner, "in ner")
			f.GitIn(outer, "commit", "-q", "-m", "nested")
			f.Git("submodule", "--quiet", "add", outer, "libs/outer")
			f.Git("submodule", "--quiet", "add", inner, "absent")
			f.Git("submodule", "--quiet", "update", "--init", "--recursive")
			f.Commit("third")
			f.Git("submodule", "--quiet", "deinit", "-f", "absent")
			f.write(map[string]string{"libs/outer/file": "changed\n", "libs/outer/in ner/new": "new\n", "libs/outer/.gitignore": "ignored\n",
				"libs/outer/ignored": "x\n"})
		},
		want: map[string]string{"libs/outer/file": "changed\n", "libs/outer/in ner/new": "new\n", "libs/outer/in ner/deeper/still": "inner\n",
			"libs/outer/ignored": "", "absent": "dir", "libs/outer/.git": "", "libs/outer/in ner/.git": ""},
		change: func(f *fixture) {
			f.Git("submodule", "--quiet", "update", "--init", "absent")
			f.remove("libs/outer/in ner/deep")
		},
		then: map[string]string{"absent/deep": "inner\n", "libs/outer/in ner/deep": "", "libs/outer/file": "changed\n"},
	},
	"nested repository": {
		prepare: func(f *fixture) {
			f.library("repo/vendored", "x")
			f.write(map[string]string{"vendored/new": "new\n"})
		},
		want: map[string]string{"vendored/x": "repo/vendored\n", "vendored/new": "new\n", "vendored/.git": ""},
	},
}
