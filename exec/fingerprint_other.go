//go:build !linux

package exec

import (
	"io/fs"
	"time"
)

// state tells nothing, so that the content of files is compared.
func state(fs.FileInfo) (inode uint64, changed time.Time, ok bool) { return 0, time.Time{}, false }

// links does not know how many names a file has: it takes them for many, so
// that none is written to in place.
func links(fs.FileInfo) uint64 { return 2 }
