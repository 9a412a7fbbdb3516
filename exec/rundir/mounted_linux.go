package rundir

import (
	"os"
	"path/filepath"
	"strings"
)

// mounted reports whether a file system is mounted below dir.
func mounted(dir string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		// Spaces and what else separates fields are octal in the fifth.
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], octal.Replace(dir)+"/") {
			return true
		}
	}
	return false
}

var octal = strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
