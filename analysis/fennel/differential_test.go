package fennel_test

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/source"
)

var (
	programCount = flag.Int("programs", 300, "how many generated programs to compare with the reference")
	programSize  = flag.Int("size", 80, "how many forms a generated program has at most, about")
	mistakes     = flag.Int("mistakes", 6, "one of how many generated programs has a mistake")
	firstSeed    = flag.Uint64("seed", 1, "the seed of the first program")
	reported     = flag.Int("reported", 20, "how many differences to reduce and show")
	comparers    = flag.Int("comparers", 2, "how many references to run at a time")
)

// TestDifferential runs generated programs here and with the reference
// compiler, and shows small programs of which they make something different.
func TestDifferential(t *testing.T) {
	var next, undecided, failed, spoiled atomic.Int64
	var shown sync.Map
	var wg sync.WaitGroup
	for range *comparers {
		o := newOracle(t)
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(*programCount) {
					return
				}
				seed := *firstSeed + uint64(i)
				g := newGenerator(seed)
				program := g.program()
				d, err := o.compare(program)
				if err != nil {
					t.Error(err)
					return
				}
				if d.undecided {
					undecided.Add(1)
				}
				if d.why == "" {
					continue
				}
				if g.spoiled {
					spoiled.Add(1)
				}
				if failed.Add(1) > int64(*reported) {
					continue
				}
				small := o.reduce(strings.Replace(program, useTrace, prelude, 1), d)
				if _, again := shown.LoadOrStore(small, true); !again {
					again, _ := o.compare(small)
					t.Errorf("seed %d: %s\n%s", seed, again.why, small)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d programs, %d without a verdict, %d differences, %d of them in programs with mistakes",
		*programCount, undecided.Load(), failed.Load(), spoiled.Load())
}

// FuzzDifferential compares programs whose decisions are the input's bytes.
func FuzzDifferential(f *testing.F) {
	for seed := range 8 {
		f.Add([]byte(fmt.Sprintf("%d decisions of a program", seed)))
	}
	o := newOracle(f)
	f.Fuzz(func(t *testing.T, decisions []byte) {
		program := bytesGenerator(decisions).program()
		d, err := o.compare(program)
		if err != nil {
			t.Fatal(err)
		}
		if d.why != "" {
			t.Errorf("%s\n%s", d.why, program)
		}
	})
}

// A difference is what was found for one program.
type difference struct {
	why       string // empty when there is none
	undecided bool
}

// compare runs a program here and with the reference.
func (o *oracle) compare(program string) (difference, error) {
	want, err := o.ask(program)
	if err != nil || want.undecided || want.unclear(program) {
		return difference{undecided: true}, err
	}
	want.forgive(program)
	c := &conformanceCase{
		ID: "generated", Source: program, Files: map[string]string{"trace.fnl": traceModule}, outcome: want.outcome,
	}
	why := c.check()
	if strings.Contains(why, tooComplex) {
		return difference{undecided: true}, nil // both machines have about as many registers
	}
	if accidental(why, program) {
		return difference{undecided: true}, nil
	}
	panicked := strings.HasPrefix(why, "panic")
	if why != "" && !panicked && (c.signless() || want.Error != nil && c.reports(want.Error)) {
		why = ""
	}
	if why != "" && o.other != nil {
		return o.other.compare(program)
	}
	if why != "" && o.wavers(program, want) {
		return difference{undecided: true}, nil
	}
	return difference{why: why}, nil
}

// wavers reports whether the reference says something else of a program when it
// is asked again, as it orders tables that are keys by where they are.
func (o *oracle) wavers(program string, first *verdict) bool {
	for range 5 {
		o.stop()
		again, err := o.ask(program)
		if err != nil || again.undecided {
			return false
		}
		again.forgive(program)
		if first.differs(&again.outcome) != "" {
			return true
		}
	}
	return false
}

// accidental reports whether a difference comes from how the reference writes
// Lua, and no program can want it.
func accidental(why, program string) bool {
	another := strings.Contains(why, ", want ")
	switch {
	case (strings.Contains(why, "unknown identifier: $") || strings.Contains(why, "use $... in hashfn")) && strings.Contains(program, "with-open"):
		return true // its body is in a hashfn, whose arguments it then sees
	case misread.MatchString(why) && unary.MatchString(program):
		return true // what is called or read of its result is so of its operand
	case strings.Contains(why, "want runtime: attempt to perform arithmetic on ") && strings.Contains(program, "(^ ") && unary.MatchString(program):
		return true // it is of the power, as it is written
	case another && calledUnary.MatchString(program):
		return true // not, as it is written, is of what the call gives
	case strings.Contains(why, "in line ") && brokenCall.MatchString(program):
		return true // its line comes after those of its callee
	case strings.Contains(why, "in line ") && brokenLoop.MatchString(program):
		return true // what is called is the iterator, which has a place of its own here
	case strings.Contains(why, "expected a symbol behind &as"):
		return true // it takes what is first in a list or a vararg of its own for the text of the name
	case strings.Contains(why, "nested calls"):
		return true // pcall does not catch a limit
	case another && strings.Contains(program, "(pairs "):
		return true // in an order of its own
	case strings.Contains(why, "with nil") && strings.Contains(program, "table.sort"), another && strings.Contains(program, "(length ["):
		return true // how long a table with holes is, each machine says for itself
	case another && strings.Contains(program, "(^ ") && lastDigit.MatchString(why):
		return true // the last of 17 digits of a power is up to the C library
	case another && longQuoted.MatchString(program):
		return true // a quoted number is written with 14 digits
	case another && cut.MatchString(program):
		return true // no integer stands for an infinite number
	case (counted.MatchString(why) || another && strings.Contains(program, "table.concat")) && huge.MatchString(program):
		return true // such a number is another one where it is cut to 32 bits
	case another && strings.Contains(program, "(/ ") && (strings.Contains(program, "(* ") || strings.Contains(program, ".inf")):
		return true // the VM has no negative zero, whose text has a sign and whose inverse is less than everything
	}
	if m := hidden.FindStringSubmatch(why); m != nil && regexp.MustCompile(`\((?:local|var) \(?[^()]*\b`+m[1]+`\b`).MatchString(program) {
		return true // the global is hidden in the very value of the local
	}
	return macroParameter.MatchString(why) // no hashfn can be written below such a macro
}

var (
	macroParameter = regexp.MustCompile(`want compile: local \$\d was overshadowed`)
	misread        = regexp.MustCompile(`attempt to (call|index) a (number|boolean) value`)
	hidden         = regexp.MustCompile(`attempt to (?:call|index) (?:upvalue|local) '(\w+)' \(a nil value\)`)
	counted        = regexp.MustCompile(`index out of range|in table for 'concat'|too many results to unpack`)
	huge           = regexp.MustCompile(`\d{10}|\de\d{2}|\.inf`)
	cut            = regexp.MustCompile(`%[-+ #0-9.]*[cdiouxX].*\.(inf|nan)`)
	lastDigit      = regexp.MustCompile(`\d\.\d{15}`)
	longQuoted     = regexp.MustCompile("`.*\\d{15}")
	brokenCall     = regexp.MustCompile(`\(\n`)
	brokenLoop     = regexp.MustCompile(`(each|accumulate|collect) \[.*\n`)
	calledUnary    = regexp.MustCompile(`\(\((values \()*(not|length|-|bnot)[ )]`)
	unary          = regexp.MustCompile(`[( ](not|length|-|bnot)[ )]`)
)

// endless is more lines than any generated program prints that comes to an end.
const endless = 1000

const tooComplex = "function or expression too complex"

var stackText = regexp.MustCompile(`\nstack traceback:(\n(\t|  \().*)*`)

var notBindable = regexp.MustCompile(`^unable to bind (number|string|boolean|nil) `)

// generatedName matches what gensym and its kind make.
var generatedName = regexp.MustCompile(`[a-z]_\d+_`)

// forgive takes out of an outcome what is different on purpose.
func (v *verdict) forgive(program string) {
	e := v.Error
	if strings.Contains(program, "with-open") {
		// The reference puts the stack into messages that pass through it.
		v.Stdout = stackText.ReplaceAllString(v.Stdout, "")
		if e != nil {
			e.Message = stackText.ReplaceAllString(e.Message, "")
		}
	}
	if e != nil && strings.Contains(program, "(macro") {
		e.Line = nil // what a macro makes has the place of its call here, in the reference that of the quote
	}
	switch {
	case e == nil:
	case strings.HasPrefix(e.Message, "cannot call literal value ("):
		e.Message = "" // the reference shows the list as compiling left it
	case strings.HasPrefix(e.Message, "unexpected multi symbol"):
		e.Line, e.Message = nil, "" // it is shown as the Lua that it was made, where that is
	case e.Message == "expected rest argument before last parameter":
		e.Line = nil // here the place is the &, in the reference what it is in
	case notBindable.MatchString(e.Message):
		e.Line = nil // a literal has no place of its own in the reference
	case strings.HasPrefix(e.Message, "Missing argument"):
		e.Line = nil // here the place is the lambda, and that of its call is beside it
	case !utf8.ValidString(e.Message):
		e.Message = "" // bytes that are no text are shown as numbers
	case strings.Contains(e.Message, "closing delimiter"):
		e.Line, e.Message = nil, "" // here it is reported where it opens, and may be the fault of another
	case strings.Contains(e.Message, "_auto"), generatedName.MatchString(e.Message):
		e.Line, e.Message = nil, "" // names that macros make are numbered otherwise
	case e.Message == "invalid whitespace after quoting prefix":
		e.Line = nil // it is reported where it begins, and not in the next line when it is a newline
	case e.Message == "'for' limit must be a number" && e.Kind == "compile" && strings.Contains(program, "pick-args"):
		e.Line, e.Message = nil, "expected a literal number of arguments" // the reference fails in its own loop
	case e.Kind == "runtime" && strings.Contains(program, "with-open"):
		e.Line = nil // the reference raises it again elsewhere
	}
}

var (
	quotedInfinity = regexp.MustCompile("`[-+]?\\.(inf|nan)")
	bareInfinity   = regexp.MustCompile(`(?i)(^|[\s()\[\]{}` + "`',#" + `])[-+]?(inf|infinity)($|[\s()\[\]{}])`)
	notString      = regexp.MustCompile(`^bad argument #\d+ to 'format' \(string expected`) // %s takes all since Lua 5.2
	wholeLibrary   = regexp.MustCompile(`:(acos|concat|dump) #<function`)
)

// unclear reports whether an error is one of the reference itself, or of limits
// that it does not share with anybody.
func (v *verdict) unclear(program string) bool {
	if quotedInfinity.MatchString(program) {
		return true // the reference writes a global of that name
	}
	if bareInfinity.MatchString(program) {
		return true // a number where the C library reads it as one, which Lua 5.4 does not
	}
	if strings.Count(v.Stdout, "\n") > endless {
		return true // the depth of the stack ended it, and pcall does not tell
	}
	if wholeLibrary.MatchString(v.Stdout + strings.Join(v.Result, " ")) {
		return true // math and table have functions of Lua 5.4 here as well, and string has no dump
	}
	e := v.Error
	if e == nil {
		return false
	}
	// An if without an alternative and a hashfn of all arguments cannot be
	// compiled twice, as bodies of a catch, guards of several patterns and
	// what a macro repeats are: the first time changes them.
	repeated := strings.Contains(program, "(catch") || strings.Contains(program, "(where (or") || strings.Contains(program, "(macro")
	changed := e.Message == "expected condition and body" || strings.HasPrefix(e.Message, "use $... in hashfn") && strings.Contains(program, "$...")
	twice := repeated && changed
	fails := e.Kind == "compile" && strings.HasPrefix(e.Message, "attempt to ") // the reference itself
	return twice || fails || e.Crash || notString.MatchString(e.Message) || strings.Contains(e.Message, "stack overflow") || strings.Contains(e.Message, "fennel.lua:") ||
		strings.HasPrefix(e.Message, "module '")
}

// The signs of zero and of what is not a number depend on how PUC Lua folds
// constants, and the VM's arithmetic gives no negative zeros: what is divided by
// one is infinite with the other sign. A minus before "01" is such a zero in
// front of another text.
var (
	signed    = regexp.MustCompile(`-(nan|0$|0[^.xe])|[- ](0\.0+)|-(\.nan)`)
	backwards = regexp.MustCompile(`[0-9a-f]+x0\b`) // an address
	quotient  = regexp.MustCompile(`-(inf)|-(\.inf)`)
)

// signless reports whether what is wanted comes out but for such signs.
func (c *conformanceCase) signless() bool {
	want, got := c.outcome, *c.run()
	without := func(text string) string {
		text = signed.ReplaceAllString(text, "$1$2$3")
		if strings.Contains(c.Source, ":reverse") {
			text = backwards.ReplaceAllString(strings.ReplaceAll(text, "-", ""), "x0")
		}
		if strings.Contains(c.Source, "(/ ") {
			text = quotient.ReplaceAllString(text, "$1$2")
		}
		return text
	}
	for _, o := range []*outcome{&want, &got} {
		o.Stdout = without(o.Stdout)
		o.Result = slices.Clone(o.Result)
		for i, r := range o.Result {
			o.Result[i] = without(r)
		}
	}
	return want.differs(&got) == ""
}

// reports reports whether the error is among all that are found in a program
// that has several.
func (c *conformanceCase) reports(want *failure) bool {
	r := &conformanceRun{c: c, out: &outcome{}, modules: map[string]*fennel.Module{}}
	for _, d := range r.compile(source.NewFile("snippet.fnl", c.Source)).Diagnostics {
		if d.Severity() != diag.Error {
			continue
		}
		got := &failure{Kind: "compile", Message: d.Message, Line: new(int)}
		*got.Line = d.File.Position(d.Span.Start).Line
		if d.Code == diag.Syntax {
			got.Kind = "parse"
		}
		if want.Kind == "parse" && strings.Contains(d.Message, "closing delimiter") {
			return true // a repair may find another mistake than the first that the reference meets
		}
		if want.differs(&outcome{Error: got}) == "" {
			return true
		}
	}
	return false
}

// What differs between programs that fail in the same way.
var particulars = regexp.MustCompile(`"(?:\\.|[^"\\])*"|\(.*|: .*|\d+`)

// reduce returns a small program with a difference of the same sort.
func (o *oracle) reduce(program string, d difference) string {
	sort := particulars.ReplaceAllString(d.why, "")
	return reduce(program, func(candidate string) bool {
		got, err := o.compare(candidate)
		return err == nil && particulars.ReplaceAllString(got.why, "") == sort
	})
}
