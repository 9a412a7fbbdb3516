package main

import (
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/pflag"
)

// rerun returns the command line that runs one job again as flags had it run.
func rerun(flags *pflag.FlagSet, job string) string {
	words := []string{"quire", "ci", "run"}
	only := false
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "events", "junit":
			return // what they wrote of the first run is to stay
		case "resume", "watch":
			return // the job is to run once, and where nothing ran before
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
	case only:
		words = append(words, "--only")
	case strings.HasPrefix(job, "-"):
		words = append(words, "--")
	}
	return strings.Join(append(words, quote(job)), " ")
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
