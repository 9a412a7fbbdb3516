package exec_test

import (
	"archive/tar"
	"bytes"
	"context"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"quire/exec"
)

// serveGit serves the repositories below a directory over HTTP, and returns the
// URL.
func serveGit(t *testing.T, dir string) string {
	t.Helper()
	path, err := osexec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skipf("needs git http-backend: %v", err)
	}
	server := httptest.NewServer(&cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"}, InheritEnv: []string{"PATH"}})
	t.Cleanup(server.Close)
	return server.URL
}

// TestFetchedParcel has a parcel leave out what a remote has, and the worker fetch
// it from there.
func TestFetchedParcel(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "git log --format=%s; git for-each-ref; wc -c <big; cat small")))
`)
	big := strings.Repeat("0123456789abcdef\n", 1<<16)
	f.Write(filepath.Join(f.Root, "big"), big)
	f.Commit("published")
	f.Git("init", "-q", "--bare", filepath.Join(f.Base, "origin.git"))
	f.Git("remote", "add", "origin", filepath.Join(f.Base, "origin.git"))
	f.Git("push", "-q", "origin", "main")
	f.Git("fetch", "-q", "origin")
	url := serveGit(t, f.Base)
	f.Git("remote", "set-url", "origin", strings.Replace(url, "http://", "http://ada:s3cret@", 1)+"/origin.git")
	f.Write(filepath.Join(f.Root, "small"), "not published\n")
	f.Commit("here only")
	f.Write(filepath.Join(f.Root, "small"), "not committed\n")

	report, want := f.succeed(exec.Options{})
	w := f.makeWork(exec.Options{})
	text, err := os.ReadFile(w.Parcel)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 1<<16 || strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), url+"/origin.git") {
		t.Errorf("the parcel has %d bytes", len(text))
	}
	there := newWorker(t, f, w)
	r, got := there.run(t, w, "a")
	if ours, theirs := f.eventsText(report, want), f.eventsText(got, pages(t, r.Record(), 1<<20)); ours != theirs {
		t.Errorf("here:\n%s\nthere:\n%s", ours, theirs)
	}

	// What the remote does not have any more is missed, and by name.
	f.GitIn(filepath.Join(f.Base, "origin.git"), "update-ref", "-d", "refs/heads/main")
	f.GitIn(filepath.Join(f.Base, "origin.git"), "reflog", "expire", "--expire=now", "--all")
	f.GitIn(filepath.Join(f.Base, "origin.git"), "gc", "-q", "--prune=now")
	dir := filepath.Join(t.TempDir(), "work")
	err = exec.Unpack(t.Context(), dir, strings.NewReader(string(text)))
	if err == nil || !strings.Contains(err.Error(), url+"/origin.git") {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("what could not be unpacked is left")
	}

	// Then all of it goes with the parcel.
	f.Git("config", "quire.fetch", "false")
	all := f.makeWork(exec.Options{})
	newWorker(t, f, all).run(t, all, "a")
}

// TestUnpackRefuses has parcels that nobody packs.
func TestUnpackRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		parcel []byte
		want   string
	}{
		"empty":      {nil, "no parcel.json"},
		"no archive": {[]byte(strings.Repeat("x", 2048)), "damaged"},
		"form":       {tarOf(t, "parcel.json", `{"version":9}`), "in form 9, and this quire reads 1"},
		"order":      {tarOf(t, "files/a", "x"), `"files/a" instead of parcel.json`},
		"outside":    {tarOf(t, "parcel.json", `{"version":1}`, "files/../../a", "x"), "no path below files"},
		"link":       {tarOf(t, "parcel.json", `{"version":1}`, "files/l->/", "", "files/l/evil", "x"), "escapes"},
		"program": {tarOf(t, "parcel.json", `{"version":1,"git":{"format":"sha1","sha":"0123456789012345678901234567890123456789","remote":"ext::touch /tmp/evil","refs":{}}}`,
			"pack", emptyPack), "nothing is fetched from"},
		"option": {tarOf(t, "parcel.json", `{"version":1,"git":{"format":"sha1","sha":"0123456789012345678901234567890123456789","remote":"-oProxyCommand=x:y","refs":{}}}`,
			"pack", emptyPack), "nothing is fetched from"},
		"ref": {tarOf(t, "parcel.json", `{"version":1,"git":{"format":"sha1","sha":"","refs":{"refs/heads/a\nb":"0"}}}`,
			"pack", emptyPack), "the parcel has a ref"},
		"commit": {tarOf(t, "parcel.json", `{"version":1,"git":{"format":"sha1","sha":"0123456789012345678901234567890123456789","refs":{}}}`,
			"pack", emptyPack), "lacks commit 0123456789"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "work")
			err := exec.Unpack(t.Context(), dir, strings.NewReader(string(test.parcel)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %q", err, test.want)
			}
			if _, err := os.Lstat(dir); err == nil {
				t.Error("it is left")
			}
			if _, err := os.Lstat(filepath.Join(dir, "..", "a")); err == nil {
				t.Error("a file is outside")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := exec.Unpack(ctx, filepath.Join(t.TempDir(), "work"), strings.NewReader(string(tarOf(t, "parcel.json", `{"version":1}`)))); err == nil {
		t.Error("it did not see that it was cancelled")
	}
}

// emptyPack is a pack of no objects.
const emptyPack = "PACK\x00\x00\x00\x02\x00\x00\x00\x00\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e"

// tarOf returns an archive with files, names and texts in turn. A name with -> is
// a symbolic link.
func tarOf(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: pairs[i], Size: int64(len(pairs[i+1])), Mode: 0o600}
		if name, target, link := strings.Cut(pairs[i], "->"); link {
			h = &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
