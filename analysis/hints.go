package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// HintOptions say which hints are wanted. The zero value wants none.
type HintOptions struct {
	Order      bool // when a job runs, and at which level of the graph
	Dependents bool // how many jobs need it
	Parameters bool // names of parameters before literal arguments
	// Duration tells how long a job took the last time it ran; nil: no such
	// hints.
	Duration func(job string) (d time.Duration, ok bool)
}

// A Hint is text that is shown at a place and is no part of the file.
type Hint struct {
	Offset int
	Label  string
	// Parameter reports that it names the parameter of the argument that
	// follows; other hints are about the job in whose line they stand.
	Parameter bool
	Tooltip   string
}

// Hints returns the hints in a part of the file, in the order of their places.
func (s *Snapshot) Hints(within source.Span, o HintOptions) []Hint {
	hints := s.jobHints(within, o)
	if o.Parameters {
		for _, form := range s.Module().Tree.Forms {
			if form.Span.End >= within.Start && form.Span.Start <= within.End {
				hints = append(hints, s.parameterHints(form, within)...)
			}
		}
	}
	slices.SortStableFunc(hints, func(a, b Hint) int { return a.Offset - b.Offset })
	return hints
}

// jobHints returns what is said of jobs, at the ends of the lines of their ids, or
// of the calls that register them where these stand elsewhere. A form that
// registers several jobs has no hint, nor has a line with several.
func (s *Snapshot) jobHints(within source.Span, o HintOptions) []Hint {
	if !o.Order && !o.Dependents && o.Duration == nil {
		return nil
	}
	registered := map[int][]*pipeline.Job{} // by the ends of lines
	unnamed := map[*pipeline.Job]bool{}     // whose ids stand elsewhere
	for _, j := range s.Graph().Jobs {
		at, here := j.CallIn(s.File)
		if !here {
			continue
		}
		if j.Name.File == s.File && j.Name != at {
			at = j.Name
		} else {
			unnamed[j] = true
		}
		end := s.File.Line(s.File.Position(at.Span.Start).Line).End
		registered[end] = append(registered[end], j)
	}
	runs := newRunning(s.Graph())
	var hints []Hint
	for end, jobs := range registered {
		if len(jobs) > 1 || end < within.Start || end > within.End {
			continue
		}
		if label, tooltip := runs.hint(jobs[0], o); label != "" {
			if unnamed[jobs[0]] {
				label = jobs[0].ID + ": " + label
			}
			hints = append(hints, Hint{Offset: end, Label: label, Tooltip: tooltip})
		}
	}
	return hints
}

// A running knows when the jobs of a graph run.
type running struct {
	place, level, needed map[string]int
}

func newRunning(g *pipeline.Graph) running {
	r := running{map[string]int{}, map[string]int{}, map[string]int{}}
	for i, j := range g.Order() {
		r.place[j.ID] = i + 1
		level := 1
		for _, in := range j.Inputs {
			level = max(level, r.level[in.Name]+1)
		}
		r.level[j.ID] = level
	}
	for _, j := range g.Jobs {
		seen := map[string]bool{}
		for _, in := range j.Inputs {
			if !seen[in.Name] {
				seen[in.Name] = true
				r.needed[in.Name]++
			}
		}
	}
	return r
}

// hint returns what is said of a job. A job that cannot run has no order.
func (r running) hint(j *pipeline.Job, o HintOptions) (label, tooltip string) {
	var parts, lines []string
	if place := r.place[j.ID]; o.Order && place > 0 && !j.Broken {
		parts = append(parts, fmt.Sprintf("#%d, level %d", place, r.level[j.ID]))
		lines = append(lines, fmt.Sprintf("It runs as number %d of %d when all jobs run one at a time. The longest way to it from a source has %s.",
			place, len(r.place), count(r.level[j.ID], "step")))
	}
	if n := r.needed[j.ID]; o.Dependents && n > 0 {
		parts = append(parts, count(n, "dependent"))
		lines = append(lines, "Jobs that list it among their inputs.")
	}
	if o.Duration != nil {
		if d, ok := o.Duration(j.ID); ok {
			parts = append(parts, brieflyTook(d))
			lines = append(lines, "How long it took the last time it ran.")
		}
	}
	return strings.Join(parts, " · "), strings.Join(lines, "\n\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// brieflyTook returns a duration with no more digits than a person wants.
func brieflyTook(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// parameterHints returns the names of the parameters of the file's functions,
// before arguments that do not say by themselves what they are.
func (s *Snapshot) parameterHints(form *syntax.Node, within source.Span) []Hint {
	var hints []Hint
	for n := range form.All() {
		items := n.Items()
		if n.Kind != syntax.List || len(items) < 2 || items[0].Kind != syntax.Symbol {
			continue
		}
		w, ok := s.glossary().at(items[0].Span.Start)
		if !ok || w.Symbol == nil || w.Symbol.Kind != fennel.Function || w.Span != items[0].Span || w.Symbol.Def == w.Span {
			continue
		}
		for i, arg := range items[1:] {
			if i >= len(w.Symbol.Params) || isRest(w.Symbol.Params[i]) {
				break
			}
			name := w.Symbol.Params[i]
			if isLiteral(arg) && !strings.ContainsAny(name, "{[(") && !strings.HasPrefix(name, "_") && within.Touches(arg.Span.Start) {
				hints = append(hints, Hint{Offset: arg.Span.Start, Label: strings.TrimPrefix(name, "?") + ":", Parameter: true})
			}
		}
	}
	return hints
}

// isLiteral reports whether a form is a value as it stands.
func isLiteral(n *syntax.Node) bool {
	switch n.Kind {
	case syntax.String, syntax.Number, syntax.Sequence, syntax.Table:
		return true
	case syntax.Symbol:
		return n.Text == "true" || n.Text == "false" || n.Text == "nil"
	}
	return false
}
