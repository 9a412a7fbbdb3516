package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/jsonrpc2"

	"quire/analysis/source"
	"quire/exec/exectest"
)

// transcriptMessages returns what the client says in each transcript of
// testdata/lsp, a message a line.
func transcriptMessages(t *testing.F) (sessions []string) {
	files, err := filepath.Glob("../../testdata/lsp/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"$ROOT", "file:///r", "$BASE", "file:///", "\n", " "}
		for _, f := range archive.Files {
			text, err := codec{}.Marshal(string(f.Data))
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, `"$TEXT(`+f.Name+`)"`, string(text))
		}
		expand := strings.NewReplacer(texts...)
		var session strings.Builder
		for line := range strings.Lines(strings.ReplaceAll(exectest.File(archive, "transcript"), "\n ", " ")) {
			mark, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			id, what, _ := strings.Cut(rest, " ")
			method, params, _ := strings.Cut(what, " ")
			switch {
			case mark != "→":
				continue
			case id == "@":
				fmt.Fprintf(&session, `{"jsonrpc":"2.0","id":1,"result":%s}`, expand.Replace(params))
			case strings.HasPrefix(id, "#"):
				fmt.Fprintf(&session, `{"jsonrpc":"2.0","id":%q,"method":%q,"params":%s}`, id, method, expand.Replace(params))
			default:
				fmt.Fprintf(&session, `{"jsonrpc":"2.0","method":%q,"params":%s}`, id, expand.Replace(what))
			}
			session.WriteString("\n")
		}
		sessions = append(sessions, session.String())
	}
	return sessions
}

// hostileSeeds calls add with the messages of each file of
// testdata/hostile/protocol that is not large, a message a line, and with its bytes.
func hostileSeeds(f *testing.F, add func(messages, bytes string)) {
	files, err := filepath.Glob(hostileMessages + "/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var messages, sent strings.Builder
		for line := range strings.Lines(string(text)) {
			verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			switch verb {
			case "message":
				messages.WriteString(rest + "\n")
				sent.WriteString(frame(rest))
			case "bytes":
				sent.WriteString(piecesOf(f, verb, rest, 1)[0].text)
			}
		}
		add(messages.String(), sent.String())
	}
}

// readWriter reads from one and writes to another, and does not close.
type readWriter struct {
	io.Reader
	io.Writer
}

func (readWriter) Close() error { return nil }

// FuzzFraming checks that whatever bytes come, messages are read as the library
// would read them, and that reading ends.
func FuzzFraming(f *testing.F) {
	hostileSeeds(f, func(_, sent string) { f.Add([]byte(sent)) })
	for _, session := range transcriptMessages(f) {
		var sent bytes.Buffer
		for line := range strings.Lines(session) {
			sent.WriteString(frame(strings.TrimSpace(line)))
		}
		f.Add(sent.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx := context.Background()
		ours := newStream(readWriter{bytes.NewReader(data), io.Discard})
		theirs := jsonrpc2.NewHeaderStream(readWriter{bytes.NewReader(data), io.Discard})
		alike := true // so far: ours goes on where theirs ends
		for {
			got, n, err := ours.Read(ctx)
			if err == nil && (n <= 0 || n > int64(len(data))) {
				t.Fatalf("a message of %d bytes in %d", n, len(data))
			}
			if alike {
				want, _, wantErr := theirs.Read(ctx)
				alike = wantErr == nil
				if alike && err == nil && wireText(t, got) != wireText(t, want) {
					t.Fatalf("read %s, want %s", wireText(t, got), wireText(t, want))
				}
				if alike && err != nil && len(data) < maxHeader || wantErr == io.EOF && err != io.EOF {
					t.Fatalf("error %v, want %v", err, wantErr)
				}
			}
			if err != nil {
				return
			}
		}
	})
}

func wireText(t *testing.T, m jsonrpc2.Message) string {
	t.Helper()
	text, err := jsonrpc2.EncodeMessage(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// nothing is a repository without files.
type nothing struct{}

func (nothing) Read(string) (*source.File, error) { return nil, fs.ErrNotExist }

// FuzzMessages plays messages, one a line, to a server that runs nothing and sees
// no disk: whatever they are it goes on, and it ends when it is told to.
func FuzzMessages(f *testing.F) {
	for _, session := range transcriptMessages(f) {
		f.Add(session)
	}
	hostileSeeds(f, func(messages, _ string) { f.Add(messages) })
	home := f.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "TMPDIR"} {
		f.Setenv(name, home)
	}
	f.Fuzz(func(t *testing.T, session string) {
		ours, theirs := net.Pipe()
		var said bytes.Buffer // is read when the server has ended
		s := newServer(&said)
		s.disk = func(string) source.Tree { return nothing{} }
		s.runs.cancelAll() // and lets none start
		code := make(chan int, 1)
		go func() { code <- s.serve(context.Background(), theirs) }()
		go func() { _, _ = io.Copy(io.Discard, ours) }()
		// Writing fails when a message has ended the session.
		_, _ = io.WriteString(ours, frame(initializeBody))
		for line := range strings.Lines(session) {
			if line = strings.TrimSuffix(line, "\n"); line != "" {
				_, _ = io.WriteString(ours, frame(line))
			}
		}
		_, _ = io.WriteString(ours, frame(requestText(-1, "shutdown", "null"))+frame(notificationText("exit", "null")))
		if got := <-code; got != 0 && !strings.Contains(session, "exit") {
			t.Errorf("exit code %d", got)
		}
		ours.Close()
		if strings.Contains(said.String(), "panic") {
			t.Errorf("%s", said.String())
		}
	})
}
