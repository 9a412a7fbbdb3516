package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"quire/exec"
)

func newVersion(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "version",
		Short: "Say which build of quire this is",
		Long: `version says which version of quire this is, the commit it was built from and
when that was made, whether the files differed from it, and the version of Go,
the system and the architecture that it was built with and for.`,
		Example: `  quire version
  quire version --format json`,
		Args: args(cobra.NoArgs),
	}
	format := addFormat(c)
	c.RunE = func(*cobra.Command, []string) error {
		build := exec.ReadBuild()
		if format.chosen == formatJSON {
			return writeJSON(s.stdout, jsonBuildOf(build))
		}
		fmt.Fprintln(s.stdout, version())
		if build.Commit != "" {
			fmt.Fprintf(s.stdout, "commit %s", build.Commit)
			if build.Dirty {
				fmt.Fprint(s.stdout, ", with changes")
			}
			fmt.Fprintf(s.stdout, "\ntime   %s\n", build.Time)
		}
		fmt.Fprintf(s.stdout, "built  by %s for %s/%s\n", build.Go, build.OS, build.Arch)
		return nil
	}
	return c
}

// version names the build.
func version() string { return "quire " + exec.Version() }

// A jsonBuild is what version prints.
type jsonBuild struct {
	Version       int    `json:"version"`
	ModuleVersion string `json:"moduleVersion"`
	Commit        string `json:"commit"`
	Time          string `json:"time"`
	Dirty         bool   `json:"dirty"`
	Go            string `json:"go"`
	OS            string `json:"os"`
	Arch          string `json:"arch"`
}

func jsonBuildOf(b exec.Build) jsonBuild {
	return jsonBuild{jsonVersion, b.Version, b.Commit, b.Time, b.Dirty, b.Go, b.OS, b.Arch}
}
