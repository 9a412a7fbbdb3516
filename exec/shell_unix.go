//go:build unix

package exec

import (
	"fmt"
	"os"
	"syscall"
)

// become replaces this process by a program in a directory.
func become(path string, argv []string, env environ, dir string) error {
	if err := os.Chdir(dir); err != nil {
		return err
	}
	return fmt.Errorf("cannot run %s: %w", path, syscall.Exec(path, argv, env))
}
