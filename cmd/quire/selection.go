package main

import (
	"github.com/spf13/pflag"

	"quire/exec"
)

// addSelection adds the flags that say what runs, how much at once, and what a
// failure stops.
func addSelection(flags *pflag.FlagSet, o *exec.Options) {
	flags.StringArrayVar(&o.Only, "only", nil, "run just this `job` without what it needs (repeatable)")
	flags.StringArrayVar(&o.Except, "except", nil, "leave out this `job` and what needs it (repeatable)")
	flags.IntVar(&o.Parallel, parallelFlag, 1, "run up to `N` jobs at once")
	flags.Lookup(parallelFlag).DefValue = "1, or with --on as many as workers take"
	flags.BoolVar(&o.KeepGoing, "keep-going", false, "after a failure, run what does not need the job that failed")
	flags.DurationVar(&o.Timeout, "timeout", 0,
		"end a command that sets no timeout of its own after this `time`,\nsuch as 90s or 10m")
}

const parallelFlag = "parallel"

// checkSelection refuses what only a flag can say wrong.
func checkSelection(o exec.Options) error {
	if o.Parallel < 1 {
		return usagef("--parallel %d: expected 1 or more.", o.Parallel)
	}
	return nil
}

// namesJobs reports whether options name jobs, in which case there has to be a
// pipeline.
func namesJobs(o exec.Options) bool {
	return len(o.Jobs)+len(o.Only)+len(o.Except) > 0
}
