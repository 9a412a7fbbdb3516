package main

import (
	"fmt"
	"os"
)

// become runs a program in place of this process, and returns only when it
// cannot. An interrupt at the console reaches both.
func become(path string, args []string) error {
	p, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return fmt.Errorf("%s cannot be started: %w", path, err)
	}
	state, err := p.Wait()
	if err != nil {
		return err
	}
	os.Exit(state.ExitCode())
	return nil
}
