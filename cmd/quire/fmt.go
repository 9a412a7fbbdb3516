package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newFmt(s *session) *cobra.Command {
	f := &formatting{session: s}
	c := &cobra.Command{
		Use:   "fmt [PATH...|-]",
		Short: "Format Fennel in its usual style",
		Long: `fmt lays out files of Fennel in the usual style: it indents lines, puts one space
between what stands in a line, gathers closing delimiters, and takes away blank
lines that are too many. Lines are broken where they were, columns that are
aligned stay so, and comments and strings are not touched. What does not read is
left as it is, and shown.

PATH is a file, or a directory in which all .fnl and .fnlm files are formatted,
save in hidden directories other than .quire. Without one, these are
.quire/ci.fnl and the modules beside it; - formats standard input to standard
output.`,
		Example: `  quire fmt                # the pipeline and its modules
  quire fmt --check        # is it formatted? For a job or a hook
  quire fmt --diff lib     # what would change?
  quire fmt - < in.fnl`,
		Args: cobra.ArbitraryArgs,
	}
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; list the files that are not formatted, and exit with 1 when there are some")
	c.Flags().BoolVar(&f.diff, "diff", false, "write nothing; show what would change as a unified diff")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	c.RunE = func(_ *cobra.Command, args []string) error { return f.run(args) }
	return c
}

// A formatting is one call of fmt.
type formatting struct {
	*session
	check, diff bool
	// differs reports that a file was not formatted, and faults is what does
	// not read.
	differs bool
	faults  diag.List
}

func (f *formatting) run(args []string) error {
	paths, err := f.paths(args)
	var none *exec.MissingError
	if errors.As(err, &none) {
		return missing(f.stdout, err, false)
	}
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := f.format(path); err != nil {
			return err
		}
	}
	if err := showFaults(f.session, f.faults); err != nil {
		return err
	}
	if f.check && f.differs {
		return errPipeline
	}
	return nil
}

// paths returns the files that are to be formatted, each once.
func (f *formatting) paths(args []string) ([]string, error) {
	if len(args) == 0 {
		return pipelineFiles()
	}
	if slices.Equal(args, []string{"-"}) {
		return args, nil
	}
	var all []string
	for _, arg := range args {
		if arg == "-" {
			return nil, usagef("Standard input is formatted alone.")
		}
		files, err := fennelFiles(arg)
		if err != nil {
			return nil, usagef("%v", err)
		}
		all = append(all, files...)
	}
	return distinct(all), nil
}

// pipelineFiles returns the pipeline around the current directory and its
// modules.
func pipelineFiles() ([]string, error) {
	src, err := exec.Find(here(), "")
	var none *exec.MissingError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	root := filepath.FromSlash(fromHere(src.Root))
	var files []string
	if src.File != nil {
		files = append(files, filepath.Join(root, filepath.FromSlash(pipeline.Path)))
	}
	modules, walkErr := fennelFiles(filepath.Join(root, ".quire"))
	if walkErr != nil && !errors.Is(walkErr, fs.ErrNotExist) {
		return nil, walkErr
	}
	if files = append(files, modules...); len(files) == 0 {
		return nil, err
	}
	return distinct(files), nil
}

// distinct returns paths in their order, each once.
func distinct(paths []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(path string) bool {
		path = filepath.Clean(path)
		again := seen[path]
		seen[path] = true
		return again
	})
}

// fennelFiles returns the file at a path, or the files of Fennel below it. No
// links are followed there, because what they lead to may be somebody else's.
func fennelFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir() && filepath.Ext(path) == ".lua":
		return nil, fmt.Errorf("%s is written in Lua; fmt formats Fennel", path)
	case !info.IsDir():
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != path && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".quire" {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); entry.Type().IsRegular() && (ext == ".fnl" || ext == ".fnlm") {
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// format formats one file, and writes or shows what comes out.
func (f *formatting) format(path string) error {
	file, err := readProgram(f.stdin, path)
	if err != nil {
		return err
	}
	tree := syntax.Read(file)
	f.faults = append(f.faults, tree.Diagnostics...)
	edits := syntax.Format(tree)
	f.differs = f.differs || len(edits) > 0
	if f.diff {
		return f.showDiff(file, edits)
	}
	text := diag.Apply(file.Text(), edits)
	switch {
	case f.check:
		if len(edits) > 0 {
			fmt.Fprintln(f.stdout, terminal.Inline(file.Name()))
		}
	case path == "-":
		_, err = io.WriteString(f.stdout, text)
	case len(edits) > 0:
		if err := replaceFile(path, file.Text(), text); err != nil {
			return fmt.Errorf("cannot write %s: %w", path, err)
		}
		fmt.Fprintf(f.stderr, "Formatted %s.\n", terminal.Inline(file.Name()))
	}
	return err
}

// showDiff shows what edits change. On a terminal the lines are made safe to
// show; elsewhere they are as patch wants them.
func (f *formatting) showDiff(file *source.File, edits []diag.Edit) error {
	var changes []udiff.Edit
	for _, e := range edits {
		changes = append(changes, udiff.Edit{Start: e.Span.Start, End: e.Span.End, New: e.Text})
	}
	name := terminal.Inline(file.Name())
	diff, err := udiff.ToUnified(name, name, file.Text(), changes, udiff.DefaultContextLines)
	if err != nil {
		return fmt.Errorf("cannot compare %s: %w", name, err)
	}
	screen := f.stdout.screen
	if !screen.Terminal && !screen.Color {
		_, err = io.WriteString(f.stdout, diff)
		return err
	}
	header := true
	for line := range strings.Lines(diff) {
		header = header && !strings.HasPrefix(line, "@@")
		style := diffStyle(line, header)
		fmt.Fprintln(f.stdout, screen.Paint(style, terminal.Plain(strings.TrimRight(line, "\r\n"))))
	}
	return nil
}

// diffStyle returns how a line of a diff is shown.
func diffStyle(line string, header bool) terminal.Style {
	switch {
	case header:
		return terminal.Bold
	case line[0] == '-':
		return terminal.Red
	case line[0] == '+':
		return terminal.Green
	case line[0] == '@':
		return terminal.Cyan
	}
	return terminal.None
}
