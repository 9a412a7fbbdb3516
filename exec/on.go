package exec

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
)

// checkOn refuses what cannot be meant about jobs that run on other machines.
func (o Options) checkOn() error {
	if o.On == "" {
		return nil
	}
	if err := CheckOn(o.On); err != nil {
		return err
	}
	switch {
	case o.InPlace:
		return &UsageError{"other machines do not have your working tree: leave out --in-place or --on"}
	case o.Reuse:
		return &UsageError{"what a run left on this machine is not on others: leave out --reuse or --on"}
	case o.Resume != "":
		return &UsageError{"a run is resumed in its workspace on this machine: leave out --resume or --on"}
	case len(o.Secrets) > 0 && !o.DryRun:
		return &UsageError{"no secret leaves this machine; the machines that run the jobs have their own, in their configuration: leave out --secret or --on"}
	case o.ContainerRuntime != "":
		return &UsageError{"the machines that run the jobs know what makes their containers: leave out --container-runtime or --on"}
	}
	return nil
}

// CheckOn checks the URL of [Options].On, which may be empty. The error is a
// [*UsageError].
func CheckOn(on string) error {
	if on == "" {
		return nil
	}
	_, err := engineName(on)
	return err
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// engineName returns the name of the program for a URL. The error is a
// [*UsageError].
func engineName(on string) (string, error) {
	u, err := url.Parse(on)
	if err != nil || !scheme.MatchString(u.Scheme) || u.Opaque != "" || u.Host == "" {
		return "", &UsageError{fmt.Sprintf("jobs cannot run on %q: expected a URL such as temporal://HOST:PORT/NAMESPACE", on)}
	}
	return "quire-" + u.Scheme, nil
}

// FindEngine returns the path of a program that comes with quire, such as
// quire-temporal: the one beside the program of this process, or else in a
// directory of PATH. One in the repository with the given root, if any, does not
// count. The error says where the program is to be had.
func FindEngine(name, root string) (string, error) {
	return environ(os.Environ()).engine(name, root)
}

func (e environ) engine(name, root string) (string, error) {
	if self, err := os.Executable(); err == nil {
		path, err := executable(filepath.Join(filepath.Dir(self), name))
		if err == nil && (root == "" || !holds(root, path)) {
			return path, nil
		}
	}
	path, err := e.tool(name, root)
	if err != nil {
		return "", fmt.Errorf("%s is neither beside quire nor in a directory of PATH: %w%s", name, osError(err), howToGet(name))
	}
	return path, nil
}

// howToGet says where a program is to be had, if it is one of quire's.
func howToGet(name string) string {
	if name != "quire-temporal" {
		return ""
	}
	return "\nInstall it from the sources of quire: in cmd/quire-temporal, run go install."
}
