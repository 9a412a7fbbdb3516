package exec

import (
	"os"
	"path/filepath"
	"testing"
)

// Clones reports whether files of a directory can share their blocks.
func Clones(t testing.TB, dir string) bool {
	t.Helper()
	path := filepath.Join(dir, "cloned")
	if err := os.WriteFile(path, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(path + " to")
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	return cloneFile(to, from) == nil
}
