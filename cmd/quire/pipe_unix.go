//go:build unix

package main

import (
	"errors"
	"syscall"
)

// readerGone reports whether an error of writing says that nobody reads any
// more.
func readerGone(err error) bool { return errors.Is(err, syscall.EPIPE) }
