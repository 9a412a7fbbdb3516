package junit

import (
	"bytes"
	"fmt"

	"quire/exec"
)

// maxOutput is how much of a stream of a job is kept, in bytes.
const maxOutput = 64 << 10

// A Recorder keeps the end of what each job writes. The zero value is ready.
type Recorder struct {
	streams map[streamKey]*tail
}

type streamKey struct{ job, stream string }

// A tail is the end of a stream.
type tail struct {
	text []byte // up to twice maxOutput
	cut  int64  // bytes that went before
}

// Observe takes the next event of the run.
func (r *Recorder) Observe(e exec.Event) {
	if e.Type != exec.Output {
		return
	}
	key := streamKey{e.JobID, e.Stream}
	t := r.streams[key]
	if t == nil {
		if r.streams == nil {
			r.streams = map[streamKey]*tail{}
		}
		t = &tail{}
		r.streams[key] = t
	}
	t.text = append(t.text, e.Text...)
	if len(t.text) > 2*maxOutput {
		t.trim()
	}
}

// trim cuts the tail to maxOutput.
func (t *tail) trim() {
	if over := len(t.text) - maxOutput; over > 0 {
		t.cut += int64(over)
		t.text = append(t.text[:0], t.text[over:]...)
	}
}

// output returns what is kept of a stream, or nil when nothing was written.
func (r *Recorder) output(job, stream string) *output {
	t := r.streams[streamKey{job, stream}]
	if t == nil {
		return nil
	}
	t.trim()
	if t.cut == 0 {
		return &output{clean(string(t.text))}
	}
	text := t.text
	if i := bytes.IndexByte(text, '\n'); i >= 0 { // the first line is not whole
		text = text[i+1:]
	}
	before := t.cut + int64(len(t.text)-len(text))
	return &output{fmt.Sprintf("(%d bytes before this are in the log)\n%s", before, clean(string(text)))}
}
