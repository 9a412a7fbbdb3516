//go:build unix

package exec

import (
	"os"
	"syscall"
)

// openAtOnce makes opening a file that is not regular, such as a FIFO, not wait,
// and a terminal not become quire's own.
const openAtOnce = syscall.O_NONBLOCK | syscall.O_NOCTTY

// openFile opens a file for reading, without waiting for one that is not
// regular. The error is ELOOP for a link.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|openAtOnce|syscall.O_NOFOLLOW, 0)
}

// isOwn reports whether a file belongs to the user of this process.
func isOwn(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
