package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// What is written to a client that does not read yet waits for it, and is all
// sent before the end.
func TestOutgoing(t *testing.T) {
	ours, theirs := net.Pipe()
	out := newOutgoing(theirs)
	for range 1000 {
		if n, err := io.WriteString(out, "message"); n != 7 || err != nil {
			t.Fatal(n, err)
		}
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(ours)
		read <- string(all)
	}()
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if got := <-read; got != strings.Repeat("message", 1000) {
		t.Errorf("%d bytes arrived", len(got))
	}
	if _, err := io.WriteString(out, "late"); err == nil {
		t.Error("a closed way takes more")
	}
}

// A client that is gone is noticed by those who write.
func TestOutgoingFails(t *testing.T) {
	ours, theirs := net.Pipe()
	ours.Close()
	out := newOutgoing(theirs)
	_, _ = io.WriteString(out, "x")
	<-out.idle
	if _, err := io.WriteString(out, "y"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
	_ = out.Close()
}
