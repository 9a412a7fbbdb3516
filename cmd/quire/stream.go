package main

import (
	"context"
	"os"
	"sync"
	"syscall"

	"quire/cmd/quire/internal/terminal"
)

// A stream is standard output or standard error. Writing to it never fails:
// that its reader went away ends the invocation as SIGPIPE would, other
// failures are kept for the end.
type stream struct {
	file   *os.File
	screen terminal.Screen
	cancel context.CancelCauseFunc

	mu  sync.Mutex
	err error // the first failure
}

func newStream(file *os.File, cancel context.CancelCauseFunc) *stream {
	return &stream{file: file, screen: terminal.Detect(file, os.Getenv), cancel: cancel}
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		if _, s.err = s.file.Write(p); readerGone(s.err) {
			s.cancel(signalError{syscall.SIGPIPE})
		}
	}
	return len(p), nil
}
