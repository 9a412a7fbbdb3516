//go:build unix

package rundir

import (
	"errors"
	"os"
	"syscall"
)

// lockAtOnce locks a file until it is closed, for itself alone or together with
// others that do not want it alone. The error is errLocked when that cannot be.
func lockAtOnce(f *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// unlock gives up the lock of a file.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
