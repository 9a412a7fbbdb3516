package analysis_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// versions is how many versions of each pipeline are tried in an ordinary run;
// with the build tag long it is 25 times as many.
const versions = 8

// TestVersions changes pipelines again and again, as somebody who writes does,
// and compares what is known of each version with what is known of the same
// text without the versions before.
func TestVersions(t *testing.T) {
	for name, text := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			h := fnv.New64a()
			h.Write([]byte(name))
			random := rand.New(rand.NewPCG(h.Sum64(), 1))
			n := versions
			if long {
				n *= 25
			}
			cache := new(fennel.Cache)
			for version := text; n > 0; n-- {
				compareVersions(t, version, optionsFor(strings.TrimSuffix(name, ".fnl")), cache, random)
				if version = typedOn(version, random); random.IntN(4) == 0 {
					version = text
				}
			}
		})
	}
}

// typedOn returns a text with one change: of a character, or of lines.
func typedOn(text string, random *rand.Rand) string {
	lines := strings.SplitAfter(text, "\n")
	i, j := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(6) {
	case 0:
		lines[i] = ""
	case 1:
		lines[i] = "\n" + lines[i]
	case 2:
		lines[i], lines[j] = lines[j], lines[i]
	case 3:
		lines[i] += lines[j]
	case 4:
		at := random.IntN(len(text) + 1)
		return text[:at] + string(`()[]{}":;x 1`[random.IntN(12)]) + text[at:]
	default:
		at := random.IntN(len(text) + 1)
		return text[:at] + text[min(at+1, len(text)):]
	}
	return strings.Join(lines, "")
}

func compareVersions(t *testing.T, text string, o analysis.Options, cache *fennel.Cache, random *rand.Rand) {
	t.Helper()
	o.Limits = pipeline.DefaultLimits()
	o.Limits.Load.Time, o.Limits.Load.Heap = 0, 0
	cold := analysis.New(source.NewFile(pipeline.Path, text), o)
	o.Cache = cache
	warm := analysis.New(source.NewFile(pipeline.Path, text), o)
	at := random.IntN(len(text) + 1)
	if random.IntN(2) == 0 {
		_ = warm.Diagnostics() // what is asked first must not matter
	}
	for _, show := range []func(*analysis.Snapshot) string{
		func(s *analysis.Snapshot) string { return showMeaning(s, at) },
		func(s *analysis.Snapshot) string { return describe(s.Diagnostics()) },
		showAttribution,
		func(s *analysis.Snapshot) string { return fmt.Sprint(s.References(at), s.Definition(at)) },
		func(s *analysis.Snapshot) string { return fmt.Sprintf("%+v", s.Outline()) },
	} {
		if diff := gocmp.Diff(show(cold), show(warm)); diff != "" {
			t.Fatalf("at %d with the versions before (-cold +warm):\n%s\n%s", at, diff, text)
		}
	}
}

func showMeaning(s *analysis.Snapshot, at int) string {
	m, ok := s.MeaningAt(at)
	if !ok {
		return ""
	}
	text := fmt.Sprintln(m.Kind, m.Span, m.Name, m.Of, m.As)
	if m.Symbol != nil {
		text += fmt.Sprintln(m.Symbol.Def, m.Symbol.Scope, m.Symbol.Uses, m.Symbol.Written, m.Symbol.UsedByMacro)
	}
	return text
}

// showAttribution shows which jobs the findings matter to.
func showAttribution(s *analysis.Snapshot) string {
	var b strings.Builder
	for _, j := range s.Graph().Jobs {
		fmt.Fprintf(&b, "%s: %d\n", j.ID, len(s.FindingsOf(j.ID)))
	}
	return b.String()
}
