package diag

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
)

// An Entry is what is known of a code.
type Entry struct {
	Code     Code
	Severity Severity // what a diagnostic has that does not say otherwise
	Title    string   // a few words, without a full stop
	Explain  string   // what it means and why it matters, in sentences
	Bad      string   // a ci.fnl that has it
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

// Entries returns the table of codes, in the order it is documented.
func Entries() []Entry { return entries }

var entries = []Entry{
	{Code: Syntax, Severity: Error, Title: "the text cannot be read"},
	{Code: Compile, Severity: Error, Title: "a form cannot be compiled"},
	{Code: Runtime, Severity: Error, Title: "the file raised an error while it was loaded"},
	{Code: EmptyInputs, Severity: Error, Title: "a job has no inputs"},
	{Code: ReservedSlash, Severity: Error, Title: "a job's id contains a slash"},
	{Code: DuplicateJob, Severity: Error, Title: "a job is registered twice"},
	{Code: DuplicateImage, Severity: Error, Title: "the image is declared twice"},
	{Code: DuplicateInput, Severity: Warning, Title: "an input is listed twice"},
	{Code: BadMirror, Severity: Error, Title: "a mirror call cannot be understood"},
	{Code: Cycle, Severity: Error, Title: "jobs need each other in a circle"},
	{Code: Unreachable, Severity: Error, Title: "no source ever starts a job"},
	{Code: UnknownInput, Severity: Error, Title: "an input names nothing"},
	{Code: UnknownSource, Severity: Error, Title: "an input names a source that does not exist"},
	{Code: UnknownOption, Severity: Error, Title: "an option does not exist"},
	{Code: BadOption, Severity: Error, Title: "an option has a value of the wrong type"},
	{Code: BadCommand, Severity: Error, Title: "a command is neither a string nor a sequence of strings"},
	{Code: BadArgument, Severity: Error, Title: "an argument has the wrong type"},
	{Code: UnknownPrimitive, Severity: Error, Title: "the runtime has no such function"},
	{Code: UnknownSecret, Severity: Warning, Title: "a secret is not in the configuration"},
	{Code: NotAnAncestor, Severity: Error, Title: "a job reads outputs of a job it does not need"},
	{Code: SelfRead, Severity: Error, Title: "a job reads its own outputs"},
	{Code: RunArity, Severity: Warning, Title: "a run-fn takes more than one argument"},
	{Code: RunResult, Severity: Warning, Title: "a run-fn's result is neither a table nor nil"},
	{Code: IgnoredExit, Severity: Warning, Title: "the exit status of a command is never looked at"},
	{Code: EffectAtLoad, Severity: Error, Title: "a primitive is called outside of a job"},
	{Code: UnusedLocal, Severity: Hint, Title: "a local is never used"},
	{Code: UnknownGlobal, Severity: Error, Title: "a global does not exist here"},
	{Code: ShadowedPrim, Severity: Warning, Title: "a local hides a primitive"},
	{Code: LoadTimeout, Severity: Error, Title: "loading took too long"},
	{Code: LoadLimit, Severity: Error, Title: "loading went over a limit"},
	{Code: NotOnServer, Severity: Warning, Title: "the chosen server does not know this"},
	{Code: UnusedIgnore, Severity: Hint, Title: "an ignore comment has nothing to ignore"},
	{Code: Config, Severity: Error, Title: "the configuration cannot be used"},
	{Code: NoImage, Severity: Error, Title: "there is no image to run jobs in"},
}
