package rundir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAtOnce locks a file until it is closed, for itself alone or together with
// others that do not want it alone. The error is errLocked when that cannot be.
// Nobody else can read what is locked, which is nothing.
func lockAtOnce(f *os.File, alone bool) error {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// unlock gives up the lock of a file.
func unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, new(windows.Overlapped))
}
