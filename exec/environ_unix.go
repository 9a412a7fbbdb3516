//go:build unix

package exec

import (
	"os"
	"syscall"
)

// homeVariable names the home directory.
const homeVariable = "HOME"

// noShell follows the error that there is no sh: every system has one.
const noShell = ""

// sameVariable reports whether two names are of one variable.
func sameVariable(a, b string) bool { return a == b }

// executable returns the path of the file to execute for a path: itself, when
// its permissions allow that.
func executable(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", osError(err)
	case info.IsDir(), info.Mode()&0o111 == 0:
		return "", syscall.EACCES
	}
	return path, nil
}
