package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const hostileMessages = "../../testdata/hostile/protocol"

// TestHostileMessages plays each file of testdata/hostile/protocol to a server that
// has been initialized. The first line says what is promised; the others are, in
// their order:
//
//	message TEXT       a message with its header
//	bytes "…"          bytes as they are, quoted as in Go
//	repeat N LINE      one of the two, with what stands in ⟪ ⟫ repeated N times
//	answer ID CODE     waits for an answer: its error code, ok, or * for any
//	goes-on            a request has to be answered
//	close              the client goes away
//	exit N             the server has to end with this code
func TestHostileMessages(t *testing.T) {
	files, err := filepath.Glob(hostileMessages + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			promise, script, _ := strings.Cut(string(text), "\n")
			if !strings.HasPrefix(promise, "# ") {
				t.Fatal("the first line does not say what is promised")
			}
			w := dialWire(t)
			w.send(frame(initializeBody))
			equal(t, "initialize", w.next(), "0 ok")
			var sent []piece
			written := make(chan bool, 1)
			written <- true
			flush := func() { // while the client reads
				<-written
				list := sent
				sent = nil
				go func() {
					writePieces(w.conn, list)
					written <- true
				}()
			}
			for line := range strings.Lines(script) {
				verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
				switch verb {
				case "message", "bytes", "repeat":
					sent = append(sent, piecesOf(t, verb, rest, 1)...)
				case "answer":
					flush()
					w.answer(rest)
				case "goes-on":
					sent = append(sent, piece{frame(requestText(1000, "textDocument/documentSymbol", `{"textDocument":{"uri":"file:///x"}}`)), 1})
					flush()
					w.answer("1000 ok")
				case "close":
					flush()
					written <- <-written
					w.conn.Close()
				case "exit":
					flush()
					code, err := strconv.Atoi(rest)
					if err != nil {
						t.Fatal(err)
					}
					go func() { _, _ = io.Copy(io.Discard, w.in) }()
					equal(t, "exit code", w.ended(), code)
				default:
					t.Fatalf("unknown line %q", line)
				}
			}
		})
	}
}

// answer waits for an answer that has to be as a line says.
func (w *wire) answer(want string) {
	w.t.Helper()
	want = strings.Trim(strings.Replace(strings.ReplaceAll(want, `"`, ""), "null", "<nil>", 1), " ")
	got := w.next()
	if id, ok := strings.CutSuffix(want, " *"); ok && strings.HasPrefix(got, id+" ") {
		return
	}
	equal(w.t, "answer", got, want)
}

// A piece is a text that is sent a number of times.
type piece struct {
	text  string
	times int
}

// piecesOf returns what a line stands for.
func piecesOf(t testing.TB, verb, rest string, times int) []piece {
	t.Helper()
	switch verb {
	case "repeat":
		count, line, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		verb, rest, _ = strings.Cut(line, " ")
		return piecesOf(t, verb, rest, n)
	case "message":
		body, size := repeated(rest, times), 0
		for _, p := range body {
			size += len(p.text) * p.times
		}
		return append([]piece{{fmt.Sprintf("Content-Length: %d\r\n\r\n", size), 1}}, body...)
	case "bytes":
		text, err := strconv.Unquote(rest)
		if err != nil {
			t.Fatalf("%s: %v", rest, err)
		}
		return repeated(text, times)
	}
	t.Fatalf("unknown verb %q", verb)
	return nil
}

// repeated returns a text in which what stands in ⟪ ⟫ is repeated.
func repeated(text string, times int) (list []piece) {
	for {
		before, rest, ok := strings.Cut(text, "⟪")
		list = append(list, piece{before, 1})
		if !ok {
			return list
		}
		inside, after, _ := strings.Cut(rest, "⟫")
		list = append(list, piece{inside, times})
		text = after
	}
}

// writePieces writes pieces without having all of them in memory.
func writePieces(to io.Writer, list []piece) {
	const chunk = 64 << 10
	for _, p := range list {
		for left := p.times; left > 0; {
			n := min(left, max(1, chunk/max(1, len(p.text))))
			if _, err := io.WriteString(to, strings.Repeat(p.text, n)); err != nil {
				return // the server has ended, which is what counts
			}
			left -= n
		}
	}
}
