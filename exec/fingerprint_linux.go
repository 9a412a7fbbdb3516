package exec

import (
	"io/fs"
	"syscall"
	"time"
)

// state returns what the system knows of a file beside what every system knows:
// its number, and when its state was changed last.
func state(info fs.FileInfo) (inode uint64, changed time.Time, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, time.Time{}, false
	}
	return st.Ino, time.Unix(st.Ctim.Unix()), true
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
