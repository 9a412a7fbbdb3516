package rundir_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"quire/exec/rundir"
)

type write struct {
	stream string
	text   string
	op     string // "", flush or close
}

// logged writes to a new log, one second between writes, and returns its path
// and the text of all chunks by stream.
func logged(t *testing.T, writes []write) (path string, text map[string]string) {
	t.Helper()
	r := create(t, open(t))
	log := r.Log("job", 1)
	if err := log.Create(); err != nil {
		t.Fatal(err)
	}
	streams := map[string]*rundir.Stream{
		rundir.Stdout: log.Stream(rundir.Stdout),
		rundir.Stderr: log.Stream(rundir.Stderr),
	}
	text = map[string]string{}
	end := int64(0)
	for i, w := range writes {
		at := noon.Add(time.Duration(i) * time.Second)
		var c rundir.Chunk
		var err error
		switch w.op {
		case "flush":
			c, err = streams[w.stream].Flush(at)
		case "close":
			c, err = streams[w.stream].Close(at)
		default:
			c, err = streams[w.stream].Write(at, []byte(w.text))
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.End > c.Start {
			if c.Start != end {
				t.Errorf("write %d: chunk starts at %d, the log was at %d", i, c.Start, end)
			}
			end = c.End
		}
		text[w.stream] += string(c.Text)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(r.LogFile("job", 1)); err != nil || info.Size() != end {
		t.Errorf("the log ends at %d by its chunks, %v", end, err)
	}
	return r.LogFile("job", 1), text
}

func TestLog(t *testing.T) {
	long := strings.Repeat("x", rundir.MaxPiece)
	accent := strings.Repeat("x", rundir.MaxPiece-1) + "é"
	for name, tt := range map[string]struct {
		writes []write
		want   string
	}{
		"lines": {[]write{{"stdout", "one\ntwo\n", ""}, {"stdout", "", "close"}},
			"2026-05-01T12:00:00Z stdout F one\n2026-05-01T12:00:00Z stdout F two\n"},
		"interleaved": {[]write{{"stdout", "out\n", ""}, {"stderr", "an error\n", ""}, {"stdout", "out\n", ""}},
			"2026-05-01T12:00:00Z stdout F out\n2026-05-01T12:00:01Z stderr F an error\n2026-05-01T12:00:02Z stdout F out\n"},
		"nothing":         {[]write{{"stdout", "", "close"}, {"stderr", "", "close"}}, ""},
		"empty line":      {[]write{{"stdout", "\n", ""}}, "2026-05-01T12:00:00Z stdout F \n"},
		"split line":      {[]write{{"stdout", "on", ""}, {"stdout", "e\n", ""}}, "2026-05-01T12:00:01Z stdout F one\n"},
		"unterminated":    {[]write{{"stdout", "one", ""}, {"stdout", "", "close"}}, "2026-05-01T12:00:01Z stdout F one\n"},
		"carriage return": {[]write{{"stdout", "a\r\n", ""}}, "2026-05-01T12:00:00Z stdout F a\r\n"},
		"flushed": {[]write{{"stdout", "pass", ""}, {"stdout", "", "flush"}, {"stdout", "word\n", ""}},
			"2026-05-01T12:00:01Z stdout P pass\n2026-05-01T12:00:02Z stdout F word\n"},
		"flushed at the end": {[]write{{"stdout", "pass", ""}, {"stdout", "", "flush"}, {"stdout", "", "close"}},
			"2026-05-01T12:00:01Z stdout P pass\n2026-05-01T12:00:02Z stdout F \n"},
		"just fits": {[]write{{"stdout", long, ""}, {"stdout", "\n", ""}}, "2026-05-01T12:00:01Z stdout F " + long + "\n"},
		"does not fit": {[]write{{"stdout", long, ""}, {"stdout", "y", ""}, {"stdout", "z\n", ""}},
			"2026-05-01T12:00:01Z stdout P " + long + "\n2026-05-01T12:00:02Z stdout F yz\n"},
		"cut between characters": {[]write{{"stdout", accent + "z\n", ""}},
			"2026-05-01T12:00:00Z stdout P " + accent[:rundir.MaxPiece-1] + "\n2026-05-01T12:00:00Z stdout F éz\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := logged(t, tt.writes)
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLogRoundTrip writes any bytes in any chunks and reads them back.
func TestLogRoundTrip(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"a", "é", "\xff", "\n", "\r", strings.Repeat("line ", 2000), strings.Repeat("ö", 9000)})
		want := map[string]string{}
		var writes []write
		for range rapid.IntRange(0, 12).Draw(t, "writes") {
			w := write{stream: rapid.SampledFrom([]string{"stdout", "stderr"}).Draw(t, "stream")}
			w.text = strings.Join(rapid.SliceOfN(unit, 0, 6).Draw(t, "text"), "")
			if rapid.IntRange(0, 5).Draw(t, "op") == 0 {
				w.op, w.text = "flush", ""
			}
			want[w.stream] += w.text
			writes = append(writes, w)
		}
		for _, stream := range []string{"stdout", "stderr"} {
			if text := want[stream]; text != "" && !strings.HasSuffix(text, "\n") {
				want[stream] += "\n"
			}
			writes = append(writes, write{stream, "", "close"})
		}
		path, chunks := logged(outer, writes)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got := map[string]string{}
		for e, err := range rundir.ReadLog(f) {
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Text) > rundir.MaxPiece {
				t.Fatalf("an entry of %d bytes", len(e.Text))
			}
			got[e.Stream] = string(e.AppendOutput([]byte(got[e.Stream])))
		}
		for _, stream := range []string{"stdout", "stderr"} {
			if got[stream] != want[stream] {
				t.Fatalf("%s read back differs:\n%q\nwant\n%q", stream, got[stream], want[stream])
			}
			if chunks[stream] != want[stream] {
				t.Fatalf("%s as chunks differs:\n%q\nwant\n%q", stream, chunks[stream], want[stream])
			}
		}
	})
}

func TestParseLogEntryErrors(t *testing.T) {
	for _, line := range []string{"", "x", "2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z stdout", "2026-05-01T12:00:00Z stdin F x", "2026-05-01T12:00:00Z stdout X x", "12:00 stdout F x"} {
		if e, err := rundir.ParseLogEntry([]byte(line)); err == nil {
			t.Errorf("ParseLogEntry(%q) = %+v, want an error", line, e)
		}
	}
}

// FuzzReadLog begins with testdata/fuzz/FuzzReadLog.
func FuzzReadLog(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var out []byte
		for e, err := range rundir.ReadLog(bytes.NewReader(data)) {
			if err != nil {
				return
			}
			if strings.Contains(string(e.Text), "\n") {
				t.Fatalf("entry with a line feed: %q", e.Text)
			}
			out = e.AppendOutput(out)
		}
		if len(out) > len(data) || utf8.Valid(data) && !utf8.Valid(out) {
			t.Fatalf("%q reads as %q", data, out)
		}
	})
}
