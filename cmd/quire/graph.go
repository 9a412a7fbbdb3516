package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"quire/analysis/drawing"
	"quire/analysis/pipeline"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

func newGraph(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "graph [PATH|-]",
		Short: "Draw which job needs which",
		Long: `graph draws the jobs of the pipeline, the sources that start them, and what is
wrong with them.

In the tree, each job stands once, below the last of its inputs, so that all it
needs stands above it; a job with several inputs lists them behind an arrow.
dot and mermaid are for Graphviz and for Markdown pages. svg is a picture. json
has the nodes, the edges from what is needed to what needs it, and the cycles.

PATH is a directory or a ci.fnl; - reads the pipeline from standard input.`,
		Example: `  quire ci graph
  quire ci graph --format svg > pipeline.svg
  quire ci graph --format dot | dot -Tpng > pipeline.png
  quire ci graph --sha v1.2 --format mermaid`,
		Args: args(cobra.MaximumNArgs(1)),
	}
	format := addFormat(c, formatDOT, formatMermaid, formatSVG)
	sha := c.Flags().StringP("sha", "s", "", "draw the jobs of this `commit` instead of the working tree's")
	c.RunE = func(c *cobra.Command, paths []string) error {
		path, named := here(), len(paths) > 0
		if named {
			path = paths[0]
		}
		src, err := find(s.stdin, path, *sha)
		if err != nil {
			if format.chosen == formatText {
				return missing(s.stdout, err, named)
			}
			if err := missing(s.stderr, err, named); err != nil {
				return err
			}
			return writeGraph(s.stdout, drawing.New(&pipeline.Graph{}, nil), format.chosen)
		}
		settings, err := exec.ReadSettings(c.Context(), "")
		if err != nil {
			return err
		}
		snap := snapshot(src, checksFor(settings, exec.Options{}))
		faults := showFaults(s, slices.Concat(snap.Loaded(), settings.Diagnostics))
		if err := writeGraph(s.stdout, drawing.New(snap.Graph(), snap.Diagnostics()), format.chosen); err != nil {
			return err
		}
		return faults
	}
	return c
}

func writeGraph(out *stream, d *drawing.Drawing, format format) error {
	var text string
	switch format {
	case formatJSON:
		return writeJSON(out, jsonGraphOf(d))
	case formatDOT:
		text = d.DOT()
	case formatMermaid:
		text = d.Mermaid()
	case formatSVG:
		text = d.SVG()
	default:
		if text = d.Text(treeStyle(out.screen)); text == "" {
			text = "No jobs registered.\n"
		}
	}
	_, err := io.WriteString(out, text)
	return err
}

// treeStyle is how a tree looks on a screen.
func treeStyle(screen terminal.Screen) drawing.TextStyle {
	styles := map[drawing.Role]terminal.Style{
		drawing.RoleGuide:   terminal.Dim,
		drawing.RoleName:    terminal.Bold,
		drawing.RoleSource:  terminal.Blue,
		drawing.RoleUnknown: terminal.Magenta,
		drawing.RoleInputs:  terminal.Dim,
		drawing.RoleError:   terminal.Red,
		drawing.RoleWarning: terminal.Yellow,
	}
	return drawing.TextStyle{
		ASCII: !screen.Unicode,
		Width: screen.Width,
		Paint: func(role drawing.Role, text string) string { return screen.Paint(styles[role], text) },
	}
}
