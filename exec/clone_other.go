//go:build !linux

package exec

import (
	"errors"
	"os"
)

// cloneFile has no portable way to share blocks of files.
func cloneFile(_, _ *os.File) error { return errors.ErrUnsupported }
