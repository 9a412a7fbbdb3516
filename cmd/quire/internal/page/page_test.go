package page

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	quire "quire/exec"
	"quire/exec/exectest"
)

// pageOf runs a pipeline and returns the page about the run.
func pageOf(t *testing.T, pipeline string, o quire.Options) string {
	t.Helper()
	r := exectest.New(t, &txtar.Archive{Files: []txtar.File{{Name: "repo/.quire/ci.fnl", Data: []byte(pipeline)}}})
	o.Environ = r.Env
	request, err := quire.Local(r.Root, o)
	if err != nil {
		t.Fatal(err)
	}
	report, err := quire.Run(context.Background(), request)
	if err != nil || report.ID == "" {
		t.Fatal(report.Diagnostics, err)
	}
	runs, err := quire.OpenRuns(r.Root, o)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runs.Find(quire.LastRun)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := Write(&text, run, &run.Report, "a test"); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// hostile is a pipeline all of whose texts try to be more than text.
const hostile = `(local {: job} (require :quire.ci))
(local attack "\"'><script>alert(1)</script><img src=x onerror=alert(2)></title></style></svg><!--")
(local name "\"'><script>alert(1)<img src=x onerror=alert(2)><!--")
(job name [:quire/push] (fn [{: sh : log}]
  (log attack)
  (let [_a (sh ["echo" attack])
        _b (sh "printf '\\033[31;1m<b>red</b>\\033[0m \\033]0;title\\007 \\033[38;2;1;2;999mx\\033[38;5mx\\033[48;5;300my \\033[7;38;5;208;99999999999999999999mz\\n\\000\\377</pre>\\n'")
        _c (sh "echo '</pre><script>alert(3)</script>' >&2; exit 3")]
    {:n 1})))
(job "javascript:alert(4)" [name] (fn [{: sh}]
  (let [{: exit} (sh "echo '<script>' >&2; # </code>\nexit 3")] (error attack))))
(job "&lt;b&gt;" ["javascript:alert(4)"] (fn [] nil))
`

// allowed are the tags of a page and the attributes they have, beside those of
// pictures.
var (
	tags  = strings.Fields("html head meta title style body header h1 h2 span dl div dt dd main section p code pre a ul li svg rect g path circle text details summary b footer")
	tag   = regexp.MustCompile(`<(/?)([^\s>]*)((?:\s+[a-zA-Z-]+(?:="[^"<]*")?)*)\s*/?>`)
	attrs = regexp.MustCompile(`([a-zA-Z-]+)(?:="([^"]*)")?`)
)

// TestEscaping checks that nothing a pipeline gives is more than text: every tag
// and attribute of the page is one of its own.
func TestEscaping(t *testing.T) {
	text := pageOf(t, hostile, quire.Options{})
	if !strings.HasPrefix(text, "<!DOCTYPE html>") {
		t.Fatal("no doctype")
	}
	rest := strings.TrimPrefix(text, "<!DOCTYPE html>")
	starts := strings.Count(rest, "<")
	matched := tag.FindAllStringSubmatch(rest, -1)
	if len(matched) != starts {
		t.Errorf("%d of %d \"<\" begin a tag", len(matched), starts)
	}
	for _, m := range matched {
		if !slices.Contains(tags, m[2]) {
			t.Errorf("tag %s", m[0])
		}
		for _, a := range attrs.FindAllStringSubmatch(m[3], -1) {
			switch name, value := a[1], a[2]; {
			case strings.HasPrefix(name, "on"), name == "src":
				t.Errorf("attribute %s in %s", name, m[0])
			case name == "href" && !regexp.MustCompile(`^#job-[0-9a-f]+$`).MatchString(value):
				t.Errorf("link to %q", value)
			case name == "style" && !regexp.MustCompile(`^[-a-z0-9.:;%#]+$`).MatchString(value):
				t.Errorf("style %q", value)
			}
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "&lt;/pre&gt;&lt;script&gt;alert(3)", `\x1b]0;title\x07`, `\x00`, "javascript:alert(4)",
		"default-src 'none'", "prefers-color-scheme"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == '\uFFFD' }); i >= 0 && !strings.HasPrefix(text[i:], "\uFFFD") {
		t.Errorf("a control character in %q", text[max(0, i-20):min(len(text), i+20)])
	}
}

func TestColors(t *testing.T) {
	for line, want := range map[string]string{
		"plain <b>":                        "plain &lt;b&gt;",
		"\x1b[31mred\x1b[0m rest":          `<span class="f1">red</span> rest`,
		"\x1b[1;4;92mx\x1b[22my\x1b[24mz":  `<span class="b u f10">x</span><span class="u f10">y</span><span class="f10">z</span>`,
		"\x1b[38;5;208mx\x1b[39my":         `<span class="" style="color:#ff8700">x</span>y`,
		"\x1b[38;2;1;2;3;48;5;232mx":       `<span class="" style="color:#010203;background:#080808">x</span>`,
		"\x1b[38;5;12mx\x1b[mx":            `<span class="f12">x</span>x`,
		"\x1b[44;103mx\x1b[49my":           `<span class="g11">x</span>y`,
		"\x1b[38;5;256mx\x1b[38mx\x1b[48m": "xx",
		"\x1b[38;2;1;2mx":                  "x",
		"\x1b[2;3;7;9mx\x1b[23;27;29my":    `<span class="d i s r">x</span><span class="d">y</span>`,
		"10%\r\x1b[32m100%":                `<span class="f2">100%</span>`,
		"\x1b]0;t\x07\x1b[2Jx":             `\x1b]0;t\x07\x1b[2Jx`,
	} {
		var b strings.Builder
		writeLine(&b, line, false)
		if diff := cmp.Diff(want+"\n", b.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// TestLongLog checks that the page shows both ends of a log that is too long, and
// says that something is missing.
func TestLongLog(t *testing.T) {
	text := pageOf(t, `(local {: job} (require :quire.ci))
(job :long [:quire/push] (fn [{: sh}] (let [_ignored (sh "seq -f 'line %.0f' 1 50000")] nil)))`, quire.Options{})
	for _, want := range []string{">line 1\n", "\nline 50000\n", " bytes of the log are left out here"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "\nline 25000\n") || len(text) > 2*maxLog {
		t.Errorf("the page has the middle, or %d bytes", len(text))
	}
}

// TestAxis checks that labels are few and round.
func TestAxis(t *testing.T) {
	for total, want := range map[string]string{
		"1ms": "0 1 ms", "7ms": "0 2 ms 4 ms 6 ms", "900ms": "0 200 ms 400 ms 600 ms 800 ms", "1s": "0 200 ms 400 ms 600 ms 800 ms 1 s",
		"4.2s": "0 1 s 2 s 3 s 4 s", "70s": "0 20 s 40 s 1 min", "10m": "0 2 min 4 min 6 min 8 min 10 min", "7h": "0 2 h 0 min 4 h 0 min 6 h 0 min",
	} {
		var labels []string
		for _, tick := range axis(mustDuration(t, total)) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%s: %s, want %s", total, got, want)
		}
	}
}

// TestBrowser has a browser read pages, without a complaint, to what was meant.
func TestBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no browser to read the page: chromium is not installed")
	}
	for name, tt := range map[string]struct {
		pipeline string
		jobs     int
	}{
		"hostile": {hostile, 3},
		"many":    {manyJobs(100), 100},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "run.html")
			if err := os.WriteFile(path, []byte(pageOf(t, tt.pipeline, quire.Options{Parallel: 4})), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"--headless", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir=" + filepath.Join(dir, "profile"),
				"--virtual-time-budget=2000", "--dump-dom", "file://" + path}
			if os.Getuid() == 0 {
				args = append([]string{"--no-sandbox"}, args...)
			}
			cmd := exec.Command(browser, args...)
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			dom, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &complaints)
			}
			for line := range strings.Lines(complaints.String()) {
				if strings.Contains(line, "CONSOLE") {
					t.Errorf("the browser complains: %s", line)
				}
			}
			for what, want := range map[string]int{`<details class="job"`: tt.jobs, `<script`: 0, `<img`: 0, `</svg>`: 1, `<a href="#job-`: -1} {
				if n := bytes.Count(dom, []byte(what)); n != want && want >= 0 || want < 0 && n < tt.jobs {
					t.Errorf("the page has %d of %s, want %d", n, what, want)
				}
			}
			for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllSubmatch(dom, -1) {
				if !bytes.Contains(dom, fmt.Appendf(nil, `id="%s"`, m[1])) {
					t.Errorf("a link leads nowhere: %s", m[1])
				}
			}
		})
	}
}

func mustDuration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func manyJobs(n int) string {
	var b strings.Builder
	b.WriteString("(local {: job} (require :quire.ci))\n")
	for i := range n {
		needs := ":quire/push"
		if i > 2 {
			needs = fmt.Sprintf(":job-%d :job-%d", i/2, i-1-i%3)
		}
		fmt.Fprintf(&b, "(job :job-%d [%s] (fn [{: sh}] (let [_ignored (sh \"echo %[1]d\")] nil)))\n", i, needs)
	}
	return b.String()
}
