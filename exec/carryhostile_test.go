package exec_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quire/exec"
)

// An entry is one of an archive that jobs might have left.
type entry struct {
	name, text string
	kind       byte // zero: a regular file
	link       string
	mode       int64
}

// leftArchive returns an archive of entries, behind the one that begins it.
func leftArchive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	out := tar.NewWriter(zip)
	for _, e := range append([]entry{{name: "quire-left-1"}}, entries...) {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: e.mode, Size: int64(len(e.text)), Format: tar.FormatPAX}
		if err := out.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, e.text); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []io.Closer{out, zip} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestHostileArrivals brings files that no run left. What they say is refused, or
// done within the workspace.
func TestHostileArrivals(t *testing.T) {
	good := leftArchive(t, entry{name: "files/good", text: "good\n", mode: 0o644})
	for name, tt := range map[string]struct {
		archive []byte
		entries []entry // when there is no archive; BASE stands for the directory of the test
		want    string  // part of the error; empty: it is no error
	}{
		"empty":            {[]byte{}, nil, "it is not whole, or no file that jobs left"},
		"not packed":       {[]byte("quire-left-1"), nil, "it is not whole, or no file that jobs left"},
		"cut":              {good[:len(good)-9], nil, "it is not whole, or no file that jobs left"},
		"damaged":          {append(bytes.Clone(good[:len(good)-8]), "12345678"...), nil, "it is not whole, or no file that jobs left"},
		"something behind": {append(bytes.Clone(good), "x"...), nil, "it is not whole, or no file that jobs left"},
		"nothing":          {nil, nil, ""},
		"above":            {nil, []entry{{name: "files/../../outside/x", text: "x"}}, "the path leaves the directory"},
		"absolute":         {nil, []entry{{name: "files//BASE/outside/x", text: "x"}}, "the path leaves the directory"},
		"the workspace":    {nil, []entry{{name: "files/.", kind: tar.TypeDir}}, "the path leaves the directory"},
		"remove all":       {nil, []entry{{name: "removed/."}}, "the path leaves the directory"},
		"remove above":     {nil, []entry{{name: "removed/../../outside"}}, "the path leaves the directory"},
		"through a link": {nil, []entry{{name: "files/l", kind: tar.TypeSymlink, link: "../../../../../outside"},
			{name: "files/l/x", text: "x", mode: 0o644}}, ""},
		"over a link": {nil, []entry{{name: "files/l", kind: tar.TypeSymlink, link: "BASE/outside/file"},
			{name: "files/l", text: "x", mode: 0o644}}, ""},
		"remove through a link": {nil, []entry{{name: "files/l", kind: tar.TypeSymlink, link: "BASE/outside"},
			{name: "removed/l/file"}}, ""},
		"remove through a link within": {nil, []entry{{name: "files/d/x", text: "x", mode: 0o644}, {name: "files/l", kind: tar.TypeSymlink, link: "d"},
			{name: "removed/l/x"}}, ""},
		"permissions of a link": {nil, []entry{{name: "files/l", kind: tar.TypeSymlink, link: "BASE/outside"},
			{name: "files/l/", kind: tar.TypeDir, mode: 0o000}}, ""},
		"a device":         {nil, []entry{{name: "files/null", kind: tar.TypeChar, mode: 0o666}}, "neither a file nor a link nor a directory"},
		"a pipe":           {nil, []entry{{name: "files/pipe", kind: tar.TypeFifo, mode: 0o666}}, "neither a file nor a link nor a directory"},
		"a hard link":      {nil, []entry{{name: "files/hard", kind: tar.TypeLink, link: "BASE/outside/file"}}, "neither a file nor a link nor a directory"},
		"set user":         {nil, []entry{{name: "files/suid", text: "x", mode: 0o6755}}, ""},
		"a hook":           {nil, []entry{{name: "files/.git/hooks/post-checkout", text: "x", mode: 0o755}}, "it is in the git directory"},
		"no git directory": {nil, []entry{{name: "removed/.git"}}, "it is in the git directory"},
		"case":             {nil, []entry{{name: "files/.GiT/config", text: "x"}}, "it is in the git directory"},
		"short name":       {nil, []entry{{name: "files/git~1/config", text: "x"}}, "it is in the git directory"},
		"ignored runes":    {nil, []entry{{name: "files/.g\u200cit/config", text: "x"}}, "it is in the git directory"},
		"something else":   {nil, []entry{{name: "more", text: "x"}}, `"more" is nothing that it may hold`},
		"no pack":          {nil, []entry{{name: "git/pack", text: "PACK of lies"}}, "index-pack"},
		"no state":         {nil, []entry{{name: "git/state", text: "[]"}}, "git/state"},
		"head":             {nil, []entry{{name: "git/state", text: `{"head": "ref: ../../config"}`}}, "HEAD cannot be"},
		"head above":       {nil, []entry{{name: "git/state", text: `{"head": "ref: refs/../../outside/x"}`}}, "symbolic-ref"},
		"ref":              {nil, []entry{{name: "git/state", text: `{"refs": {"refs/../config": "` + strings.Repeat("0", 39) + `1"}}`}}, "update-ref"},
		"refs of commands": {nil, []entry{{name: "git/state", text: `{"refs": {"refs/x\u0000": "1"}}`}}, "the ref"},
		"no object":        {nil, []entry{{name: "git/state", text: `{"refs": {"refs/tags/x": "` + strings.Repeat("1", 40) + `"}}`}}, "update-ref"},
		"no tree":          {nil, []entry{{name: "git/state", text: `{"index": "--version"}`}}, "no tree is called"},
		"a program":        {nil, []entry{{name: "git/state", text: `{"config": {"core.fsmonitor": ["touch BASE/outside/x"]}}`}}, `the setting "core.fsmonitor" is not carried`},
		"a program of a remote": {nil, []entry{{name: "git/state", text: `{"config": {"remote.x.uploadpack": ["touch BASE/outside/x"]}}`}},
			`the setting "remote.x.uploadpack" is not carried`},
		"too much":  {nil, []entry{{name: "files/big", text: strings.Repeat("x", 1<<20+1)}}, "it holds more than 1.0 MiB, the most that is carried"},
		"too many":  {nil, many(2000), "it holds more than 1.0 MiB, the most that is carried"},
		"long name": {nil, []entry{{name: "files/" + strings.Repeat("x", 300), text: "x"}}, "file name too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, script("find . -name x -o -name suid -perm /6000"))
			outside := filepath.Join(f.Base, "outside")
			f.Write(filepath.Join(outside, "file"), "outside\n")
			before := treeText(t, outside, func(string) bool { return true })
			path := filepath.Join(f.Base, "left")
			if tt.archive == nil {
				tt.archive = leftArchive(t, based(f.Base, tt.entries)...)
			}
			f.Write(path, string(tt.archive))
			report, events, err := f.run(exec.Options{Arrive: []string{path}, Carry: 1 << 20})
			switch {
			case tt.want == "" && (err != nil || report.Outcome != exec.Succeeded):
				t.Errorf("%s, %v", report.Outcome, err)
			case tt.want != "" && (err == nil || report.Outcome != exec.Internal || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%s, %v, want %s", report.Outcome, err, tt.want)
			}
			if tt.want != "" && len(eventsOf(events, "a")) > 0 {
				t.Error("a job ran")
			}
			if got := treeText(t, outside, func(string) bool { return true }); got != before {
				t.Errorf("what is outside changed:\n%s", got)
			}
			if name == "set user" && output(events) != "" {
				t.Errorf("permissions that run it as another user: %s", output(events))
			}
			if name == "remove through a link within" && !strings.Contains(output(events), "./d/x") {
				t.Errorf("what the link leads to is gone: %s", output(events))
			}
			if name == "through a link" && !strings.Contains(output(events), "./l/x") {
				t.Errorf("the file is not in place of the link: %s", output(events))
			}
		})
	}
}

// based returns entries with a directory in place of BASE.
func based(base string, entries []entry) []entry {
	put := strings.NewReplacer("/BASE", base, "BASE", base).Replace
	entries = slices.Clone(entries)
	for i, e := range entries {
		entries[i].name, entries[i].text, entries[i].link = put(e.name), put(e.text), put(e.link)
	}
	return entries
}

func many(n int) []entry {
	return slices.Repeat([]entry{{name: "removed/x"}}, n)
}

// TestBomb brings a small archive of much.
func TestBomb(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	path := filepath.Join(f.Base, "left")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zip := gzip.NewWriter(file)
	out := tar.NewWriter(zip)
	for _, h := range []tar.Header{{Name: "quire-left-1"}, {Name: "files/zeros", Size: 2 << 30}} {
		h.Typeflag, h.Format = tar.TypeReg, tar.FormatPAX
		if err := out.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	_, err = io.Copy(out, io.LimitReader(zeros{}, 64<<20))
	for _, c := range []io.Closer{zip, file} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.run(exec.Options{Arrive: []string{path}}); err == nil || !strings.Contains(err.Error(), "it holds more than 1.0 GiB") {
		t.Errorf("%v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
