package exec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// homeVariable names the home directory.
const homeVariable = "USERPROFILE"

// noShell follows the error that there is no sh.
const noShell = "; text is executed by sh, which Git for Windows has: put it in PATH, or give the command as a list"

// sameVariable reports whether two names are of one variable: letter case makes
// no difference.
func sameVariable(a, b string) bool { return strings.EqualFold(a, b) }

// programs are the extensions of files that can be executed.
var programs = []string{".com", ".exe", ".bat", ".cmd"}

// executable returns the path of the file to execute for a path, which may lack
// the extension. Files have no permission to be executed here: the extension
// tells.
func executable(path string) (string, error) {
	tries := []string{path}
	if !slices.Contains(programs, strings.ToLower(filepath.Ext(path))) {
		tries = nil
		for _, ext := range programs {
			tries = append(tries, path+ext)
		}
	}
	for _, path := range tries {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	if _, err := os.Stat(path); err == nil {
		return "", syscall.EACCES
	}
	return "", syscall.ENOENT
}
