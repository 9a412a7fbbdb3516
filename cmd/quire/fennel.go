package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"quire/analysis/pipeline"
	"quire/analysis/script"
	"quire/analysis/source"
	"quire/exec"
)

func newFennel(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "fennel FILE|- [ARG...] | fennel -e EXPR [ARG...]",
		Short: "Run a Fennel program in the sandbox",
		Long: `fennel runs a program with the compiler and the sandbox that pipelines have, and
prints the values of its last form as fennel.view does. It is for trying things:
there are no jobs, and neither files nor commands can be reached.

FILE may also be a file of Lua, named .lua; - reads the program from standard
input. The program gets the further arguments as "...". Modules are found as in
a pipeline, under .quire/ and from the current directory.`,
		Example: `  quire fennel -e '(+ 1 2)'
  quire fennel script.fnl
  quire fennel -e '(string.rep ... 3)' ab
  echo '(print :hello)' | quire fennel -`,
		Args: cobra.ArbitraryArgs,
	}
	c.Flags().SetInterspersed(false)
	text := c.Flags().StringP("eval", "e", "", "run this `text` and print its values, nil as well")
	metadata := c.Flags().Bool("metadata", false, "keep docstrings for fennel.doc and fennel.metadata")
	c.RunE = func(c *cobra.Command, args []string) error {
		o := script.Options{Args: args, Tree: exec.Dir(here()), Metadata: *metadata,
			Print: func(line string) { fmt.Fprintln(s.stdout, line) }}
		if c.Flags().Changed("eval") {
			o.ShowNil = true
			return runScript(c.Context(), s, source.NewFile("-e", *text), o)
		}
		if len(args) == 0 {
			return usagef("quire fennel needs a FILE, - or -e EXPR.\nSee %s --help.", c.CommandPath())
		}
		file, err := readProgram(s.stdin, args[0])
		if err != nil {
			return err
		}
		o.Args = args[1:]
		return runScript(c.Context(), s, file, o)
	}
	return c
}

// readProgram reads a file, or standard input for -.
func readProgram(stdin io.Reader, path string) (*source.File, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usagef("%v", err)
		}
		defer file.Close()
		stdin = file
	}
	limit := pipeline.DefaultLimits().File
	text, err := io.ReadAll(io.LimitReader(stdin, int64(limit)+1))
	switch {
	case err != nil:
		return nil, usagef("cannot read %s: %v", path, err)
	case len(text) > limit:
		return nil, usagef("%s is larger than %d MiB.", path, limit>>20)
	}
	return source.NewFile(filepath.ToSlash(path), string(text)), nil
}

// runScript runs a program and shows what is wrong with it.
func runScript(ctx context.Context, s *session, f *source.File, o script.Options) error {
	found, err := script.Run(ctx, f, o)
	if err != nil || len(found) == 0 {
		return err
	}
	return showFaults(s, found)
}
