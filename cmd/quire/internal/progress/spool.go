package progress

import (
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a spool is kept in memory, in bytes.
const spoolMemory = 256 << 10

// A spool keeps lines that may have to be shown later: in memory at first, then
// in a temporary file. What cannot be kept is counted.
type spool struct {
	memory []byte
	file   *os.File
	lost   int64 // bytes
	err    error // why they are lost
}

// line adds a line.
func (s *spool) line(text string) {
	if s.err != nil {
		s.lost += int64(len(text)) + 1
		return
	}
	s.memory = append(s.memory, text...)
	s.memory = append(s.memory, '\n')
	if len(s.memory) >= spoolMemory {
		s.spill()
	}
}

// spill moves what is in memory to the file.
func (s *spool) spill() {
	if s.file == nil {
		if s.file, s.err = os.CreateTemp("", "quire-*"); s.err != nil {
			return // what is in memory stays there
		}
		// Where an open file cannot be removed, discard does it.
		_ = os.Remove(s.file.Name())
	}
	n, err := s.file.Write(s.memory)
	s.memory = append(s.memory[:0], s.memory[n:]...)
	s.err = err
}

// copyTo writes everything that was added, and says so when something is
// missing.
func (s *spool) copyTo(w io.Writer) {
	if s.file != nil {
		size, err := s.file.Seek(0, io.SeekCurrent)
		if err == nil {
			_, err = io.Copy(w, io.NewSectionReader(s.file, 0, size))
		}
		if err != nil {
			s.err = err
		}
	}
	_, _ = w.Write(s.memory)
	if s.err != nil {
		fmt.Fprintf(w, "(%d bytes more could not be kept: %v; the log of the run has them)\n", s.lost, s.err)
	}
}

// discard forgets everything.
func (s *spool) discard() {
	if s.file != nil {
		s.file.Close()
		_ = os.Remove(s.file.Name())
	}
	*s = spool{}
}
