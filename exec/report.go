package exec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec/rundir"
)

// reportVersion is the version of the form of report.json.
const reportVersion = 1

// Names of files of a run, and of a job.
const (
	reportFile  = "report.json"
	outputsFile = "outputs.json"
)

// The content of report.json. Times are those of [Report]; lists are never
// null.
type (
	storedReport struct {
		Version     int                `json:"version"`
		ID          string             `json:"id"`
		Outcome     Outcome            `json:"outcome"`
		Started     time.Time          `json:"started_at"`
		Finished    time.Time          `json:"finished_at"`
		Error       string             `json:"error,omitempty"` // what quire or the machine could not do
		Isolation   Isolation          `json:"isolation,omitempty"`
		Image       string             `json:"image,omitempty"`
		Resumed     string             `json:"resumed,omitempty"`
		Changed     []string           `json:"changed,omitempty"` // files since then
		Jobs        []storedJob        `json:"jobs"`
		Diagnostics []storedDiagnostic `json:"diagnostics"`
		// Sources are the texts, by name, of the files that the places are in.
		Sources map[string]string `json:"sources"`
	}
	storedJob struct {
		ID           string         `json:"id"`
		Text         string         `json:"text"` // hash of what the job is, to tell whether its outputs still hold
		Outcome      Outcome        `json:"outcome"`
		Outputs      bool           `json:"outputs"` // it returned some, stored or not
		Started      *time.Time     `json:"started_at,omitempty"`
		Finished     *time.Time     `json:"finished_at,omitempty"`
		Notice       string         `json:"notice,omitempty"`
		Reused       string         `json:"reused,omitempty"` // id of the run that it ran in instead of this one
		IgnoredExits []int          `json:"ignored_exits,omitempty"`
		Failure      *storedFailure `json:"failure,omitempty"`
	}
	storedFailure struct {
		Diagnostic storedDiagnostic `json:"diagnostic"`
		Command    string           `json:"command,omitempty"`
		Exit       *int             `json:"exit_code,omitempty"`
		Signal     string           `json:"signal,omitempty"`
		Tail       []string         `json:"tail"`
		Log        string           `json:"log,omitempty"` // relative to the run
	}
	storedDiagnostic struct {
		storedPlace
		Code     diag.Code     `json:"code"`
		Severity string        `json:"severity"`
		Help     string        `json:"help,omitempty"`
		Related  []storedPlace `json:"related"`
	}
	storedPlace struct {
		Message string         `json:"message"`
		File    string         `json:"file,omitempty"`
		Start   storedPosition `json:"start"`
		End     storedPosition `json:"end"`
	}
	storedPosition struct {
		Line   int `json:"line"`   // from 1
		Column int `json:"column"` // in bytes, from 1
		Offset int `json:"offset"` // in bytes, from 0
	}
)

// writeReport writes report.json.
func (x *execution) writeReport(failed error) error {
	r := x.report
	out := storedReport{Version: reportVersion, ID: r.ID, Outcome: r.Outcome, Started: r.Started.UTC(), Finished: r.Finished.UTC(),
		Isolation: r.Isolation, Image: r.Image, Resumed: r.Resumed, Jobs: []storedJob{}, Diagnostics: storeDiagnostics(r.Diagnostics)}
	for _, path := range r.Changed {
		out.Changed = append(out.Changed, lossy(path))
	}
	if failed != nil {
		out.Error = x.values.text(failed.Error())
	}
	for _, j := range r.Jobs {
		s := storedJob{ID: j.ID, Text: j.Text, Outcome: j.Outcome, Notice: j.Notice, Reused: j.Reused, IgnoredExits: j.IgnoredExits,
			Started: stamp(j.Started), Finished: stamp(j.Finished), Failure: x.storeFailure(j.Failure)}
		s.Outputs = x.host != nil && x.host.gave(j.ID)
		out.Jobs = append(out.Jobs, s)
	}
	out.Sources = x.sources()
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	return x.run.Write(reportFile, text.Bytes())
}

// sources returns the files that the diagnostics of the report are in, by name:
// what they show must not depend on what becomes of the files. A text that holds
// a secret is not among them, nor is the configuration, which is full of them.
func (x *execution) sources() map[string]string {
	list := slices.Clone(x.report.Diagnostics)
	for _, j := range x.report.Jobs {
		if j.Failure != nil {
			list = append(list, j.Failure.Diagnostic)
		}
	}
	texts := map[string]string{}
	add := func(f *source.File) {
		if f != nil && utf8.ValidString(f.Text()) && !x.values.in(f.Text()) {
			texts[f.Name()] = f.Text()
		}
	}
	for _, d := range list {
		if d.Code == diag.Config {
			continue
		}
		add(d.File)
		for _, r := range d.Related {
			add(r.File)
		}
	}
	return texts
}

func (x *execution) storeFailure(f *Failure) *storedFailure {
	if f == nil {
		return nil
	}
	s := &storedFailure{Diagnostic: storeDiagnostics(diag.List{f.Diagnostic})[0], Command: f.Command, Signal: f.Signal,
		Tail: append([]string{}, f.Tail...)}
	if f.Command != "" {
		s.Exit = &f.Exit
	}
	if rel, err := filepath.Rel(x.run.Path(), f.Log); err == nil && f.Log != "" {
		s.Log = filepath.ToSlash(rel)
	}
	return s
}

func storeDiagnostics(list diag.List) []storedDiagnostic {
	out := []storedDiagnostic{}
	for _, d := range list {
		s := storedDiagnostic{storedPlace: storePlace(d.File, d.Span, d.Message), Code: d.Code,
			Severity: d.Severity().String(), Help: d.Help, Related: []storedPlace{}}
		for _, r := range d.Related {
			s.Related = append(s.Related, storePlace(r.File, r.Span, r.Message))
		}
		out = append(out, s)
	}
	return out
}

func storePlace(f *source.File, span source.Span, message string) storedPlace {
	p := storedPlace{Message: message}
	if f == nil {
		return p
	}
	at := func(offset int) storedPosition {
		pos := f.Position(offset)
		return storedPosition{pos.Line, pos.Column, offset}
	}
	p.File, p.Start, p.End = f.Name(), at(span.Start), at(span.End)
	return p
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// JobText returns a hash of the text that a job is made of: its call, also those in
// modules, and its run-fn.
func JobText(job *pipeline.Job) string {
	h := sha256.New()
	for _, p := range append([]source.Place{job.Call, job.Run}, job.Inner...) {
		if p.File != nil {
			io.WriteString(h, p.File.Slice(p.Span))
		}
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lastOutputs returns the outputs that a job of a given text had in the last
// run that succeeded with it; found is false when there is none, or its
// outputs were not stored.
func lastOutputs(store *rundir.Store, id, text string) (data *pipeline.Data, found bool, err error) {
	runs, err := store.Runs(rundir.Complete)
	if err != nil {
		return nil, false, err
	}
	for _, run := range runs {
		var r storedReport
		report, err := os.ReadFile(filepath.Join(run.Dir, reportFile))
		if err != nil || json.Unmarshal(report, &r) != nil || r.Version != reportVersion {
			continue
		}
		i := slices.IndexFunc(r.Jobs, func(j storedJob) bool { return j.ID == id && j.Text == text })
		if i < 0 {
			continue
		}
		outputs, err := os.ReadFile(filepath.Join(run.Dir, "jobs", rundir.FileName(id), outputsFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, !r.Jobs[i].Outputs, nil
		}
		if err != nil {
			return nil, false, err
		}
		if data, err = pipeline.DataFromJSON(outputs); err != nil {
			return nil, false, nil // a crash of the machine can leave a part of them
		}
		return data, true, nil
	}
	return nil, false, nil
}

// tailLines is how many of the last lines a failure shows of what a program
// wrote.
const tailLines = 10

// logTail returns the last lines of a log, as valid UTF-8, or nothing when it
// cannot be read.
func logTail(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	const most = 128 << 10
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(rundir.NextEntry(f, info.Size()-most), io.SeekStart); err != nil {
			return nil
		}
	}
	var lines []string
	begun := map[string][]byte{}
	for e, err := range rundir.ReadLog(f) {
		if err != nil {
			break
		}
		begun[e.Stream] = append(begun[e.Stream], e.Text...)
		if !e.Piece {
			lines = append(lines, lossy(string(begun[e.Stream])))
			delete(begun, e.Stream)
		}
	}
	return lines[max(0, len(lines)-tailLines):]
}
