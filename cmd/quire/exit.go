package main

import (
	"errors"
	"fmt"

	"quire/exec"
)

// The exit codes. exitTable explains them to the user.
const (
	exitDone     = 0
	exitPipeline = 1
	exitUsage    = 2
	exitInternal = 3
	exitSignal   = 128 // plus the number of the signal
)

const exitTable = `Exit codes:
  0      done; also when there is no ci.fnl and neither a job nor a path was named
  1      the pipeline: it has errors or denied warnings, a job failed, or the
         configuration is broken
  2      the call: a bad flag, an unknown job, path or commit, or no ci.fnl for
         what was named
  3      quire or the machine could not do it, or not record a run that succeeded
  128+n  ended by signal n, such as 130 for an interrupt from the keyboard
`

// errPipeline says that the user's pipeline is at fault, and that this has
// been shown.
var errPipeline = errors.New("the pipeline is at fault")

// usagef returns an error about the call.
func usagef(format string, args ...any) error {
	return &exec.UsageError{Message: fmt.Sprintf(format, args...)}
}
