package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/cmd/quire/internal/junit"
	"quire/cmd/quire/internal/progress"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// An outputFlags is what the flags say of how a run is shown and recorded.
type outputFlags struct {
	mode    progress.Mode
	events  string // path of a file, - for standard output
	junit   string // path of a file
	results resultFlags
}

func (f *outputFlags) addFlags(flags *pflag.FlagSet) {
	f.mode = progress.Auto
	flags.Var(&modeFlag{&f.mode}, "output", "show what jobs write line by line as it comes (prefix), job by job when\n"+
		"they end (group), or at the end and of failed jobs only (quiet); auto is\n"+
		"a live view on a terminal and prefix elsewhere")
	flags.StringVar(&f.events, "events", "", "write what happens as lines of JSON to this `file`; - is standard\noutput, and what people read goes to standard error")
	flags.StringVar(&f.junit, "junit", "", "write how jobs went as JUnit XML to this `file` when the run is over")
}

// A modeFlag is the value of --output.
type modeFlag struct{ mode *progress.Mode }

func (f *modeFlag) String() string { return string(*f.mode) }
func (f *modeFlag) Type() string   { return "how" }

func (f *modeFlag) Set(text string) error {
	mode := progress.Mode(text)
	if !slices.Contains(progress.Modes(), mode) {
		return errors.New("expected auto, prefix, group or quiet")
	}
	*f.mode = mode
	return nil
}

// completeModes completes the values of --output.
func completeModes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, mode := range progress.Modes() {
		names = append(names, string(mode))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// An outputs is where a run is shown and recorded.
type outputs struct {
	flags   outputFlags
	human   *stream
	machine io.Writer // standard output

	events    io.Writer // or nil
	file      *os.File  // behind events, or nil
	eventsErr error     // the first failure to write them
	junit     junit.Recorder
}

// human returns the stream that people read.
func (f outputFlags) human(s *session) *stream {
	if f.events == "-" || f.results.outputs == "-" {
		return s.stderr
	}
	return s.stdout
}

// open finds where a run goes, before it starts, so that nobody learns of a
// wrong path only when the run is over.
func (f outputFlags) open(s *session) (*outputs, error) {
	if err := f.results.check(f); err != nil {
		return nil, err
	}
	o := &outputs{flags: f, human: f.human(s), machine: s.stdout}
	switch f.events {
	case "":
	case "-":
		o.events = s.stdout
	default:
		file, err := os.Create(f.events)
		if err != nil {
			return nil, usagef("cannot write the events: %v", err)
		}
		o.file, o.events = file, file
	}
	if f.junit == "" {
		return o, nil
	}
	if info, err := os.Stat(f.junit); err == nil && info.IsDir() {
		return nil, usagef("cannot write JUnit XML: %s is a directory.", f.junit)
	}
	if _, err := os.Stat(filepath.Dir(f.junit)); err != nil {
		return nil, usagef("cannot write JUnit XML: %v", err)
	}
	return o, nil
}

// view returns the view of the run.
func (o *outputs) view(started func(exec.Event) string, fault func(any)) progress.View {
	return progress.New(progress.Options{
		Mode:     o.flags.mode,
		Out:      o.human,
		Screen:   o.human.screen,
		Size:     func() (int, int) { return terminal.Size(o.human.file) },
		Started:  started,
		Workflow: os.Getenv("GITHUB_ACTIONS") == "true",
		Fault:    fault,
	})
}

// record takes an event for the files.
func (o *outputs) record(e exec.Event) {
	if o.flags.junit != "" {
		o.junit.Observe(e)
	}
	if o.events == nil || o.eventsErr != nil {
		return
	}
	enc := json.NewEncoder(o.events)
	enc.SetEscapeHTML(false)
	o.eventsErr = enc.Encode(e)
}

// close finishes the files. The error says what could not be written.
func (o *outputs) close(run junit.Run) error {
	var errs []error
	if o.file != nil {
		o.eventsErr = errors.Join(o.eventsErr, o.file.Close())
	}
	if o.eventsErr != nil {
		errs = append(errs, fmt.Errorf("cannot write the events: %w", o.eventsErr))
	}
	if o.flags.junit != "" {
		text, err := o.junit.Encode(run)
		if err == nil {
			err = writeWhole(o.flags.junit, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot write JUnit XML: %w", err))
		}
	}
	if !errors.As(run.Err, new(*exec.UsageError)) {
		errs = append(errs, o.flags.results.write(o.machine, run.Report))
	}
	return errors.Join(errs...)
}

// writeWhole writes a file so that nobody reads half of it: under another name
// first, unless it is a device or a pipe.
func writeWhole(path string, text []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, text, 0o666)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	beside := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	err = os.WriteFile(beside, text, 0o666)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside)
	}
	return err
}
