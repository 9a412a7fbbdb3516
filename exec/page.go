package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"quire/exec/rundir"
)

// Record returns where the record of the run will be: a path that [ReadPage]
// reads from on the same machine.
func (r Request) Record() string {
	store, err := rundir.At(r.state, r.source.Root)
	if err != nil {
		return "" // the root is gone, and so no run will be recorded
	}
	return store.Path(r.id)
}

// ReadPage returns what follows of a record, from where the page before it
// ended, which is empty for the first. A page has at least one event, if there
// is one, and ends before the one with which its texts and logs would have more
// bytes than most; a long output is shared out among pages. The record may be of
// a run under way; one that is not there, or not yet, gives an empty page.
func ReadPage(record, from string, most int) (Page, error) {
	store, id := rundir.Locate(record)
	at, err := parsePosition(from)
	if err != nil {
		return Page{}, err
	}
	dir, err := store.Read(id)
	if errors.Is(err, fs.ErrNotExist) {
		return Page{Next: from}, nil
	}
	if err != nil {
		return Page{}, fmt.Errorf("the record %s: %w", record, err)
	}
	defer dir.Close()
	p := pager{dir: dir, left: int64(most), at: at}
	held := dir.StillHeld() // before reading: what it wrote until then is there
	if err = p.read(); err != nil {
		return Page{}, fmt.Errorf("the record %s: %w", record, err)
	}
	p.page.Next = p.at.String()
	p.page.Ended = p.ended || !held && !p.full
	return p.page, nil
}

// A position is how far a record was read: bytes of its events that were read
// whole, and bytes of the log that the next event, one of output, is about.
type position struct{ events, log int64 }

func (p position) String() string { return fmt.Sprintf("%d:%d", p.events, p.log) }

func parsePosition(text string) (p position, err error) {
	if text == "" {
		return p, nil
	}
	if _, err = fmt.Sscanf(text, "%d:%d", &p.events, &p.log); err != nil || p.events < 0 || p.log < 0 || p.String() != text {
		return p, fmt.Errorf("%q is no place in the record of a run", text)
	}
	return p, nil
}

// A pager makes a page.
type pager struct {
	dir   *rundir.Reader
	at    position
	left  int64 // bytes
	page  Page
	full  bool
	ended bool
}

// read reads until the page is full or the record ends.
func (p *pager) read() error {
	f, err := p.dir.Open("events.jsonl")
	if err != nil {
		return ignoreMissing(err)
	}
	defer f.Close()
	if _, err := f.Seek(p.at.events, io.SeekStart); err != nil {
		return err
	}
	lines := newLineReader(f)
	for !p.full && !p.ended {
		line, ok := lines.next()
		if !ok {
			return nil
		}
		size := int64(len(line)) + 1
		var e PageEvent
		switch err := json.Unmarshal(line, &e); {
		case err != nil || e.Type == "":
		case e.Type == Output && e.Start != nil && e.End != nil:
			if err := p.output(e.Event); err != nil {
				return err
			}
		case size > p.left && len(p.page.Events) > 0:
			p.full = true
		default:
			p.left -= size
			p.page.Events = append(p.page.Events, e)
			p.ended = e.Type == RunFinished
		}
		if !p.full {
			p.at = position{events: p.at.events + size}
		}
	}
	return nil
}

// ignoreMissing returns an error unless it says that a file is not there yet.
func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// output adds output with its bytes of the log, as far as the log has them and
// the page has room for them.
func (p *pager) output(e Event) error {
	start := *e.Start + p.at.log
	one := PageEvent{Event: e}
	one.Start = &start
	f, err := p.dir.Open(rundir.LogName(e.JobID, e.Sh))
	switch {
	case err == nil:
		defer f.Close()
		size := wholeEntries(f, start, *e.End, p.left, len(p.page.Events) == 0)
		if size == 0 && len(p.page.Events) > 0 {
			p.full = true // to see on the next page whether there is anything
			return nil
		}
		one.Log = make([]byte, size)
		if _, err := f.ReadAt(one.Log, start); err != nil {
			return err
		}
	case !os.IsNotExist(err):
		return err
	}
	size := int64(len(one.Log))
	p.left -= size
	if end := start + size; size > 0 && end < *e.End {
		one.End = &end
		p.full = true
		p.at.log += size
	}
	p.page.Events = append(p.page.Events, one)
	return nil
}

// wholeEntries returns how many bytes the entries of a log have that begin at
// start, end at end or before it, and are no more than most; the first counts in
// any case when it has to.
func wholeEntries(log io.ReaderAt, start, end, most int64, one bool) (size int64) {
	for e, err := range rundir.ReadLog(io.NewSectionReader(log, start, end-start)) {
		if err != nil || size+e.Size() > most && (size > 0 || !one) {
			break
		}
		size += e.Size()
	}
	return size
}
