package exec

import (
	"encoding/binary"
	"hash/fnv"
	"io/fs"
	"time"
)

// A fingerprint stands for one state of one file: content, permissions, time of
// change, and which file it is. It needs no content to be read, and unlike size
// and time of change it cannot be set back: it covers when the file's state
// was changed last, which only the kernel writes. Zero stands for no known
// state.
type fingerprint uint64

// fingerprintOf returns the fingerprint of a file, and when its state was changed last. A
// system that does not tell has none.
func fingerprintOf(info fs.FileInfo) (fingerprint, time.Time) {
	inode, changed, ok := state(info)
	if !ok {
		return 0, time.Time{}
	}
	h := fnv.New64a()
	var buf [40]byte
	for i, v := range []int64{int64(inode), info.Size(), info.ModTime().UnixNano(), changed.UnixNano(), int64(info.Mode())} {
		binary.LittleEndian.PutUint64(buf[8*i:], uint64(v))
	}
	_, _ = h.Write(buf[:])
	return fingerprint(max(h.Sum64(), 1)), changed
}

// clockTick is how far the clock of a file system may be behind.
const clockTick = 50 * time.Millisecond

// settled reports whether a file whose state was changed at one time has
// another fingerprint when it is changed after a later time. Clocks of file systems
// tick: what happens within a tick happens at the same time.
func settled(changed, later time.Time) bool {
	tick := clockTick
	if changed.Nanosecond() == 0 {
		tick = 2 * time.Second // a file system that counts seconds
	}
	return changed.Add(tick).Before(later)
}
