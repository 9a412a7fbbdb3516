package diag

import "slices"

// A Code is the stable name of a kind of diagnostic.
type Code string

// The codes. Their meaning is in the table that [Code.Entry] reads.
const (
	Syntax           Code = "syntax"
	Compile          Code = "compile"
	Runtime          Code = "runtime"
	EmptyInputs      Code = "empty-inputs"
	ReservedSlash    Code = "reserved-slash"
	DuplicateJob     Code = "duplicate-job"
	DuplicateImage   Code = "duplicate-image"
	DuplicateInput   Code = "duplicate-input"
	BadMirror        Code = "bad-mirror"
	Cycle            Code = "cycle"
	Unreachable      Code = "unreachable"
	UnknownInput     Code = "unknown-input"
	UnknownSource    Code = "unknown-source"
	UnknownOption    Code = "unknown-option"
	BadOption        Code = "bad-option"
	BadCommand       Code = "bad-command"
	BadArgument      Code = "bad-argument"
	UnknownPrimitive Code = "unknown-primitive"
	UnknownSecret    Code = "unknown-secret"
	NotAnAncestor    Code = "not-an-ancestor"
	SelfRead         Code = "self-read"
	RunArity         Code = "run-arity"
	RunResult        Code = "run-result"
	IgnoredExit      Code = "ignored-exit"
	EffectAtLoad     Code = "effect-at-load"
	UnusedLocal      Code = "unused-local"
	UnknownGlobal    Code = "unknown-global"
	ShadowedPrim     Code = "shadowed-primitive"
	LoadTimeout      Code = "load-timeout"
	LoadLimit        Code = "load-limit"
	NotOnServer      Code = "not-on-server"
	UnusedIgnore     Code = "unused-ignore"
	Config           Code = "config"
	NoImage          Code = "no-image"
	RunFailed        Code = "run-failed"
)

// An Entry is what is known of a code.
type Entry struct {
	Code     Code
	Severity Severity // what a diagnostic has that does not say otherwise
	Title    string   // a few words, without a full stop
	Explain  string   // what it means and why it matters, in sentences
	Bad      string   // a ci.fnl that has it; empty where no file alone can show it
	Good     string   // the same, put right
}

// Entry returns what is known of the code. A code that is not in the table
// is an error without a title.
func (c Code) Entry() Entry {
	for _, e := range entries {
		if e.Code == c {
			return e
		}
	}
	return Entry{Code: c, Severity: Error}
}

// Entries returns the table of codes, in the order it is documented. The table
// is the caller's own.
func Entries() []Entry { return slices.Clone(entries) }
