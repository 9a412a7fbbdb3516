package main

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
)

// become runs a program in place of this process, and returns only when it
// cannot. An interrupt at the console reaches both.
func become(path string, args []string) error {
	cmd := osexec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit := (*osexec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("%s cannot be started: %w", path, err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
