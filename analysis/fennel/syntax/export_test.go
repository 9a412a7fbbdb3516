package syntax

import "quire/analysis/source"

// Work returns how many bytes are read to read a file, those that are read
// again included.
func Work(f *source.File) int {
	r := &reader{file: f, text: f.Text()}
	r.read()
	return r.work
}
