package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// A message is what came from a server, as it is on the wire.
type message struct {
	ID                    json.RawMessage // absent for notifications
	Method                string          // nothing for answers
	Params, Result, Error json.RawMessage
	body                  []byte
}

// readMessage reads the next message of a server, and insists that there is nothing
// else on the way.
func readMessage(in *bufio.Reader) (message, error) {
	var n int
	if _, err := fmt.Fscanf(in, "Content-Length: %d\r\n\r\n", &n); err != nil {
		return message{}, err
	}
	m := message{body: make([]byte, n)}
	if _, err := io.ReadFull(in, m.body); err != nil {
		return m, err
	}
	return m, json.Unmarshal(m.body, &m)
}

// frame returns a message with its header.
func frame(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }

// requestText returns a request, and notificationText a notification, whose
// parameters are JSON.
func requestText(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
}

func notificationText(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, params)
}

const initializeBody = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}`

// A wire is a client that writes bytes.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	exit chan int
}

func dialWire(t *testing.T) *wire {
	t.Helper()
	ours, theirs := net.Pipe()
	w := &wire{t, ours, bufio.NewReader(ours), make(chan int, 1)}
	go func() { w.exit <- serve(context.Background(), theirs, testWriter{t}) }()
	t.Cleanup(func() {
		ours.Close()
		<-w.exit
	})
	if err := ours.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return w
}

// ended waits for the exit code.
func (w *wire) ended() int {
	w.t.Helper()
	code := <-w.exit
	w.exit <- code
	return code
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// next returns the next answer in short: its id, and its error code or ok.
func (w *wire) next() string {
	w.t.Helper()
	for {
		m, err := readMessage(w.in)
		if err != nil {
			w.t.Fatal(err)
		}
		if m.Method != "" {
			continue
		}
		var id any
		var failed *struct{ Code int }
		if err := json.Unmarshal(m.ID, &id); err != nil {
			w.t.Fatalf("%s: %v", m.body, err)
		}
		if m.Error != nil {
			if err := json.Unmarshal(m.Error, &failed); err != nil {
				w.t.Fatalf("%s: %v", m.body, err)
			}
		}
		if failed != nil {
			return fmt.Sprint(id, " ", failed.Code)
		}
		return fmt.Sprint(id, " ok")
	}
}
