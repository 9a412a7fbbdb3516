package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"quire/exec"
)

// An again returns the command line that runs one job of a run again.
type again func(r *exec.Report, job string) string

// rerun returns the command line that runs one job again as flags had it run:
// only that job, where the run can be gone on with, else with what it needs.
func rerun(flags *pflag.FlagSet, r *exec.Report, job string) string {
	words := []string{"quire", "ci", "run"}
	only, resume := false, r.Dir != "" && !isFresh(flags)
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "events", "junit", "outputs":
			return // what they wrote of the first run is to stay
		case "resume", "watch":
			return // it is to run once, and goes on with this run
		case "except":
			if resume {
				return
			}
		}
		switch value := f.Value.(type) {
		case pflag.SliceValue:
			if f.Name == "only" {
				only = true
				return
			}
			for _, item := range value.GetSlice() {
				words = append(words, "--"+f.Name, quote(item))
			}
		default:
			if f.Value.Type() == "bool" {
				words = append(words, "--"+f.Name)
			} else {
				words = append(words, "--"+f.Name, quote(f.Value.String()))
			}
		}
	})
	switch {
	case resume:
		words = append(words, "--resume", "--only")
	case only:
		words = append(words, "--only")
	case strings.HasPrefix(job, "-"):
		words = append(words, "--")
	}
	return strings.Join(append(words, quote(job)), " ")
}

// isFresh reports whether the flags ask for something that a run which goes on
// with another cannot have.
func isFresh(flags *pflag.FlagSet) bool {
	return slices.ContainsFunc([]string{"sha", "in-place", "ref", "previous-sha", "reuse", onFlag}, flags.Changed)
}

var unquoted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,][A-Za-z0-9_./:=@%+,-]*$`)
})

// quote returns a word as a shell reads it.
func quote(word string) string {
	if unquoted().MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
