package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/exec"
	"quire/exec/rundir"
)

// logScheme is the scheme of the documents that show what a run wrote:
// quire-run:/RUN.log, and quire-run:/RUN/JOB.log for one job of it.
const logScheme = "quire-run"

func logURI(run, job string) uri.URI {
	path := "/" + run
	if job != "" {
		path += "/" + job
	}
	u, err := uri.From(uri.Components{Scheme: logScheme, Path: path + ".log"})
	if err != nil {
		panic(err) // a path that begins with a slash is always one
	}
	return u
}

// parseLogURI is the reverse of logURI.
func parseLogURI(u uri.URI) (run, job string, ok bool) {
	path, ok := strings.CutSuffix(strings.TrimPrefix(u.Path(), "/"), ".log")
	if !ok || u.Scheme() != logScheme {
		return "", "", false
	}
	run, job, _ = strings.Cut(path, "/")
	return run, job, run != ""
}

// logDocuments knows which documents of runs under way the client has.
type logDocuments struct {
	mu   sync.Mutex // guards read
	read map[string]map[uri.URI]*refresher
}

// provider says that the server has the documents, where the client can ask
// for them.
func (l *logDocuments) provider(caps capabilities) *protocol.WorkspaceOptions {
	if !caps.logDocuments {
		return nil
	}
	return &protocol.WorkspaceOptions{TextDocumentContent: &protocol.TextDocumentContentOptions{Schemes: []string{logScheme}}}
}

// note remembers that the client has a document, which is to follow its run.
func (l *logDocuments) note(run string, at uri.URI) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read == nil {
		l.read = map[string]map[uri.URI]*refresher{}
	}
	if l.read[run] == nil {
		l.read[run] = map[uri.URI]*refresher{}
	}
	if l.read[run][at] == nil {
		l.read[run][at] = &refresher{every: 250 * time.Millisecond}
	}
}

// changed has the client read the documents of a run again.
func (s *server) logChanged(run string) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	for at, r := range s.logs.read[run] {
		r.ask(s, func(ctx context.Context) error {
			return s.client.TextDocumentContentRefresh(ctx, &protocol.TextDocumentContentRefreshParams{URI: at})
		})
	}
}

// TextDocumentContent returns what a run, or one job of it, wrote.
func (s *server) TextDocumentContent(ctx context.Context, p *protocol.TextDocumentContentParams) (*protocol.TextDocumentContentResult, error) {
	release(ctx)
	id, job, ok := parseLogURI(p.URI)
	if !ok {
		return nil, invalid("%q is no %s:/RUN.log or %s:/RUN/JOB.log", p.URI, logScheme, logScheme)
	}
	run, err := s.findRun(id, "")
	if err != nil {
		return nil, err
	}
	if !run.Ended() {
		s.logs.note(id, p.URI)
	}
	text, err := logText(run, job)
	if err != nil {
		return nil, refused(err)
	}
	return &protocol.TextDocumentContentResult{Text: text}, ctx.Err()
}

// findRun reads a run from the run store. Its repository is that of root, or
// when that is empty, one that this session knows.
func (s *server) findRun(id, root string) (*exec.StoredRun, error) {
	roots := []string{root}
	if root == "" {
		roots = s.documents.roots()
		if known, ok := s.runs.rootOf(id); ok {
			roots = []string{known}
		}
	}
	err := error(&exec.UsageError{Message: fmt.Sprintf("no run '%s' of an open pipeline", id)})
	for _, root := range roots {
		var runs *exec.Runs
		if runs, err = exec.OpenRuns(root, exec.Options{}); err != nil {
			continue
		}
		var run *exec.StoredRun
		if run, err = runs.Find(id); err == nil {
			return run, nil
		}
	}
	return nil, invalid("%v", err)
}

// roots returns the roots of the repositories of the open buffers.
func (d *documents) roots() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var roots []string
	for _, doc := range d.open {
		if doc.root != "" && !slices.Contains(roots, doc.root) {
			roots = append(roots, doc.root)
		}
	}
	return roots
}

// maxLogText bounds how much of the logs a document shows, in bytes of the
// logs. Of a longer log it has the start and the end.
const maxLogText = 4 << 20

// logText returns what happened in a run, job by job, or in one job.
func logText(run *exec.StoredRun, job string) (string, error) {
	events, err := run.Events()
	if err != nil {
		return "", err
	}
	var order []string
	texts := map[string]*strings.Builder{}
	left := int64(maxLogText)
	for e := range events {
		if e.JobID == "" || job != "" && e.JobID != job {
			continue
		}
		b := texts[e.JobID]
		if b == nil {
			b = &strings.Builder{}
			fmt.Fprintf(b, "job '%s'\n", e.JobID)
			texts[e.JobID], order = b, append(order, e.JobID)
		}
		switch e.Type {
		case exec.ShStarted:
			fmt.Fprintf(b, "$ %s\n", e.Cmd)
			left -= writeExcerpt(b, run, e, left)
		case exec.ShFinished:
			switch {
			case e.Signal != "":
				fmt.Fprintf(b, "(ended by %s)\n", e.Signal)
			case e.Exit != nil && *e.Exit != 0:
				fmt.Fprintf(b, "(exit %d)\n", *e.Exit)
			}
		case exec.Log:
			b.WriteString(e.Message + "\n")
		case exec.JobFinished:
			fmt.Fprintf(b, "%s\n", strings.TrimRight(e.Outcome+": "+e.Message, ": "))
		}
	}
	var all []string
	for _, id := range order {
		all = append(all, texts[id].String())
	}
	if len(all) == 0 && run.Ended() {
		return "nothing ran\n", nil
	}
	return strings.Join(all, "\n"), nil
}

// writeExcerpt writes what a command wrote so far, and returns how many bytes
// of its log that was.
func writeExcerpt(b *strings.Builder, run *exec.StoredRun, e exec.Event, most int64) int64 {
	x, err := run.Excerpt(e.JobID, e.Sh, max(most, 0))
	if err != nil {
		return 0 // it wrote nothing, or its log is gone
	}
	size := writeEntries(b, x.Head)
	if x.Omitted > 0 {
		fmt.Fprintf(b, "… %d bytes of the log are left out …\n", x.Omitted)
	}
	return size + writeEntries(b, x.Tail)
}

func writeEntries(b *strings.Builder, entries []exec.LogEntry) (size int64) {
	var text []byte
	for _, e := range entries {
		text = e.AppendOutput(text)
		size += e.Size()
	}
	for line := range bytes.Lines(text) {
		b.WriteString(legible(strings.ToValidUTF8(string(line), "\uFFFD")) + "\n")
	}
	return size
}

// logArgs is the argument of quire.showLog. Without a run it is the last one of
// the repository, or the one that tells how the job went last; without a job,
// the one that failed first, or else all of the run.
type logArgs struct {
	URI   uri.URI `json:"uri,omitempty"`
	RunID string  `json:"runId,omitempty"`
	Job   string  `json:"job,omitempty"`
}

// findLog finds the log that the arguments mean, and returns what shows it.
func (s *server) findLog(args logArgs) (show func(), err error) {
	root := ""
	if args.URI != "" {
		if root, _ = locate(args.URI); root == "" {
			return nil, invalid("uri: %q is no file below a directory .quire", args.URI)
		}
	}
	id := args.RunID
	switch {
	case id == "" && root == "":
		return nil, invalid("%s: give runId, or uri for the last run of its repository", cmdShowLog)
	case id == "" && args.Job != "":
		h := s.results.of(root)
		h.update()
		r, ok := h.known()[args.Job]
		if !ok {
			return nil, invalid("the job '%s' has not been run", args.Job)
		}
		id = r.RunID
	case id == "":
		id = exec.LastRun
	}
	run, err := s.findRun(id, root)
	if err != nil {
		return nil, err
	}
	job := args.Job
	if failed := failedJob(&run.Report); job == "" && failed != nil {
		job = failed.ID
	}
	if job != "" && !run.HasJob(job) {
		return nil, invalid("the run '%s' has no job '%s'", run.ID, job)
	}
	log := lastLog(run.Dir, job)
	if job == "" {
		for _, j := range run.Jobs {
			if found := lastLog(run.Dir, j.ID); found != "" {
				log = found
			}
		}
	}
	if log == "" && !s.caps.logDocuments {
		return nil, invalid("the run '%s' has no log of a command", run.ID)
	}
	return func() { s.showLog(s.ctx, run.ID, job, log) }, nil
}

// showLog shows what a job wrote: as a document where the client can read that
// from the server, else the log of its command.
func (s *server) showLog(ctx context.Context, run, job, log string) {
	switch {
	case s.caps.logDocuments && run != "":
		s.showDocument(ctx, logURI(run, job), "Log")
	case log != "":
		s.showDocument(ctx, uri.File(log), "Log")
	}
}

// lastLog returns the log of the last command of a job, or nothing when it ran
// none.
func lastLog(dir, job string) string {
	log := ""
	for n := 1; ; n++ {
		next := filepath.Join(dir, rundir.LogName(job, n))
		if _, err := os.Stat(next); err != nil {
			return log
		}
		log = next
	}
}
