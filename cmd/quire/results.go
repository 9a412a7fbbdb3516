package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"quire/exec"
)

// A resultFlags is what the flags say of the results of jobs that a run is
// given, and of those that it hands on.
type resultFlags struct {
	inputs  []string // paths of files, - for standard input
	outputs string   // path of a file, - for standard output
}

func (f *resultFlags) addFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.inputs, "inputs", nil,
		"take the results of jobs that do not run from this `file`: what\n--outputs wrote, or an object of JSON with outputs by job; - is standard\ninput (repeatable)")
	flags.StringVar(&f.outputs, "outputs", "",
		"write the results of the jobs, and those given with --inputs, to this\n`file` when the run is over; - is standard output, and what people read\ngoes to standard error")
}

// check refuses what the other flags leave no room for.
func (f *resultFlags) check(out outputFlags) error {
	if f.outputs == "-" && out.events == "-" {
		return usagef("--events and --outputs cannot both be written to standard output.")
	}
	if f.outputs == "" || f.outputs == "-" {
		return nil
	}
	if info, err := os.Stat(f.outputs); err == nil && info.IsDir() {
		return usagef("cannot write the outputs: %s is a directory.", f.outputs)
	}
	if _, err := os.Stat(filepath.Dir(f.outputs)); err != nil {
		return usagef("cannot write the outputs: %v", err)
	}
	return nil
}

// fill says in options where results come from.
func (f *resultFlags) fill(s *session, o *exec.Options) error {
	fromStdin := func(path string) bool { return path == "-" }
	o.Inputs = slices.DeleteFunc(slices.Clone(f.inputs), fromStdin)
	if !slices.ContainsFunc(f.inputs, fromStdin) {
		return nil
	}
	text, err := io.ReadAll(s.stdin)
	if err != nil {
		return usagef("cannot read the inputs: %v", err)
	}
	o.Given, err = exec.ParseResults("standard input", text)
	return err
}

// write writes the results of a run that has any.
func (f *resultFlags) write(stdout io.Writer, r *exec.Report) error {
	if f.outputs == "" || r == nil || len(r.Jobs) == 0 {
		return nil
	}
	text, err := r.Results().JSON()
	switch {
	case err != nil:
	case f.outputs == "-":
		_, err = stdout.Write(text)
	default:
		err = writeWhole(f.outputs, text)
	}
	if err != nil {
		return fmt.Errorf("cannot write the outputs: %w", err)
	}
	return nil
}
