package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quire/exec"
)

// A workspaceFlags is what the flags say of the workspace of a run, but for
// what goes into it.
type workspaceFlags struct {
	resume resumeFlag
	get    []string
}

func (f *workspaceFlags) addFlags(flags *pflag.FlagSet, o *exec.Options) {
	flags.BoolVar(&o.Reuse, "reuse", false, "keep what the run before left in the copy and git ignores, such as\ncaches")
	flags.StringArrayVar(&f.get, "get", nil,
		"when the jobs are done, copy this `PATH` out of the copy to the same\npath below the current directory, or with PATH=DEST to DEST (repeatable)")
	flags.Var(&f.resume, "resume", "go on with a run that failed, by default the last, in its copy and\n"+
		"without the jobs that succeeded; RUN is an id or the beginning of one,\n"+
		"and force replaces files that a job changed as well as you")
	flags.Lookup("resume").NoOptDefVal = exec.LastFailedRun
}

// fill says in options what the flags say, with the arguments that come after
// them: the jobs, and before them a run to resume that was not written into the
// flag.
func (f *workspaceFlags) fill(o *exec.Options, args []string) error {
	if f.resume.run == exec.LastFailedRun && len(args) > 0 && runID.MatchString(args[0]) {
		if err := f.resume.Set(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	o.Jobs = args
	o.Resume, o.ResumeForce = f.resume.run, f.resume.force
	for _, text := range f.get {
		path, to, _ := strings.Cut(text, "=")
		o.Get = append(o.Get, exec.Get{Path: path, To: to})
	}
	return nil
}

// runID matches what names a run rather than a job.
var runID = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f-]*|last-failed|force)(,force)?$`)

// A resumeFlag is the value of --resume: the name of a run, force, or both with
// a comma between them.
type resumeFlag struct {
	run   string
	force bool
}

func (f *resumeFlag) String() string {
	if f.force {
		return f.run + ",force"
	}
	return f.run
}

func (f *resumeFlag) Type() string { return "RUN" }

func (f *resumeFlag) Set(text string) error {
	*f = resumeFlag{}
	for word := range strings.SplitSeq(text, ",") {
		switch {
		case word == "force":
			f.force = true
		case word == "":
			return usagef("expected the id of a run, the beginning of one, %s or force", exec.LastFailedRun)
		default:
			f.run = word
		}
	}
	if f.run == "" {
		f.run = exec.LastFailedRun
	}
	return nil
}

// completeResume completes the values of --resume.
func completeResume(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{exec.LastFailedRun, "force"}, cobra.ShellCompDirectiveNoFileComp
}
