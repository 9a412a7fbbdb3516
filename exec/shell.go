package exec

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"quire/exec/rundir"
)

// Shell replaces this process by a program in the workspace that the run left,
// with the environment that the commands of a job had there, so that a failure
// can be looked at where it happened. Without a job it is the one that failed
// first; without a program, the shell that SHELL names, or sh. What ran in a
// container or a sandbox is looked at from outside of that.
//
// It returns only when that cannot be done, with a [*UsageError] when the run
// left no workspace or has no such job.
func (r *StoredRun) Shell(job string, program []string) error {
	dir, err := r.workspace()
	if err != nil {
		return err
	}
	if job == "" {
		job = r.FirstFailed()
	} else if !slices.ContainsFunc(r.Jobs, func(j JobReport) bool { return j.ID == job }) {
		return &UsageError{fmt.Sprintf("run %s has no job %q", r.ID, job)}
	}
	env := append(environ(os.Environ()).without(isGitLocation), "CI=true", runMark(r.ID)).with("QUIRE_JOB", job).with("PWD", dir)
	if len(program) == 0 {
		shell, ok := env.lookup("SHELL")
		if !ok || shell == "" {
			shell = "sh"
		}
		program = []string{shell}
	}
	path, err := env.find(program[0], dir)
	if err != nil {
		return &UsageError{fmt.Sprintf("cannot run %s in %s: %s", program[0], dir, osError(err))}
	}
	return become(path, program, env, dir)
}

// FirstFailed returns the id of the job that failed first, or nothing.
func (r *StoredRun) FirstFailed() string {
	i := slices.IndexFunc(r.Jobs, func(j JobReport) bool { return j.Failure != nil })
	if i < 0 {
		return ""
	}
	return r.Jobs[i].ID
}

// workspace returns the directory that the run's commands worked in, which only
// the run that failed last keeps.
func (r *StoredRun) workspace() (string, error) {
	if !r.Ended() {
		return "", &UsageError{fmt.Sprintf("run %s has not ended: wait for it", r.ID)}
	}
	dir, err := filepath.EvalSymlinks(r.Dir)
	if err == nil {
		dir = rundir.Workspace(dir)
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", &UsageError{fmt.Sprintf("run %s has no workspace: only that of the run that failed last is kept, and none of one --in-place or --on", r.ID)}
}
