package dsl

// Names of modules, sources and jobs that the product itself refers to.
const (
	CI        = "quire.ci"
	Stdlib    = "quire.stdlib"
	RuntimeOf = "quire.runtime"
	Push      = "quire/push"
	MirrorJob = "quire/mirror"
	// SourcePrefix starts the names of all sources.
	SourcePrefix = "quire/"
)

const every = S1 | S2 | H

var modules = []Module{
	{
		Name:   CI,
		Doc:    "Registers the jobs of a pipeline. Its functions may be called from anywhere in the file, in loops and helpers too, but not from a run-fn.",
		States: every,
		Funcs: []Func{
			jobFunc,
			imageFunc,
			ciMirrorFunc,
			inState(S1|Product, shFunc),
			inState(S1|Product, secretFunc),
		},
		Fields: []Key{
			{Name: "runtime", Type: Table, Required: true, States: S2 | H, Doc: "The runtime table, whose functions work while a run-fn is executing. It may be captured at any time; it is also the argument of every run-fn."},
		},
		Macros: []Func{defrunMacro},
	},
	{
		Name:   RuntimeOf,
		Doc:    "The runtime table itself, the same one that every run-fn gets as its argument. Its functions work while a run-fn is executing.",
		States: Product,
		Funcs:  runtime,
	},
	{
		Name:   Stdlib,
		Doc:    "Building blocks for run-fns. They use only the primitives of the runtime table.",
		States: S2 | H,
		Funcs:  []Func{stdlibMirrorFunc},
	},
}

var jobFunc = Func{
	Name:    "job",
	Type:    Nil,
	Doc:     "Registers a job. It runs after every job among its inputs has run, and never unless one of its inputs leads back to a source such as :quire/push.",
	Example: "(ci.job :test [:quire/push]\n  (fn [{: sh}]\n    (assert (= 0 (. (sh [:go :test \"./...\"]) :exit)) \"a test failed\")))",
	Params: []Param{
		{Name: "id", Type: String, Doc: "The job's name, unique in the pipeline. It must not contain a slash."},
		{Name: "inputs", Type: Strings, Doc: "The jobs and sources that the job needs. There must be at least one."},
		{Name: "run-fn", Type: RunFn, Doc: "What the job does. It is called with the runtime table; a table that it returns is the job's outputs, and the job fails when it raises an error."},
		{Name: "opts", Type: Table, Optional: true, Doc: "Where and how long it may run.", Keys: []Key{
			{Name: "labels", Type: Strings, States: Product, Doc: "The kind of machine that the job wants, in the words of whatever engine chooses one. A local run ignores them.",
				Example: "(ci.job :release [:test]\n  (fn [{: sh}]\n    (assert (= 0 (. (sh [:make :release]) :exit)) \"no release\"))\n  {:labels [:linux :arm64]})"},
			{Name: "timeout", Type: Duration, States: Product, Doc: "How long the job may take, in seconds or as a string such as \"10m\". After that its processes are ended and it has failed.",
				Example: "(ci.job :release [:test]\n  (fn [{: sh}]\n    (assert (= 0 (. (sh [:make :release]) :exit)) \"no release\"))\n  {:timeout \"10m\"})"},
		}},
	},
	States: every,
}

var imageFunc = Func{
	Name:    "image",
	Type:    Nil,
	Doc:     "Declares the container image that the pipeline's commands run in. It may be called once.",
	Example: "(ci.image \"golang:1.26\")",
	Params: []Param{
		{Name: "name", Type: String, Doc: "The image as a container engine knows it, such as \"golang:1.26\"."},
	},
	States: S2 | H,
}

var ciMirrorFunc = Func{
	Name:    "mirror",
	Type:    Nil,
	Doc:     "Registers the job quire/mirror, which tags the pushed commit and pushes it to another repository. It may be called once.",
	Example: "(ci.mirror \"https://example.org/mirror.git\"\n  {:tag (fn [push] (.. \"build-\" push.sha)) :secret :mirror-auth})",
	Params: []Param{
		{Name: "url", Type: String, Doc: "The repository to push to."},
		{Name: "opts", Type: Table, Doc: "What to push, and how to be let in.", Keys: []Key{
			{Name: "tag", Type: Function, Required: true, States: S2, Doc: "Called with the table of quire/push; it returns the name of the tag to make.",
				Example: "(ci.mirror \"https://example.org/mirror.git\"\n  {:tag (fn [push] (.. \"build-\" push.sha)) :secret :mirror-auth})"},
			{Name: "secret", Type: Secret, Required: true, States: S2, Doc: "The secret whose value is sent as the HTTP header, such as \"Authorization: Basic …\".",
				Example: "(ci.mirror \"https://example.org/mirror.git\"\n  {:tag (fn [push] (.. \"build-\" push.sha)) :secret :mirror-auth})"},
			{Name: "refs", Type: Strings, States: S2, Doc: "The refs to push, and the only ones that make the job act. Without them it pushes whatever ref was pushed.",
				Example: "(ci.mirror \"https://example.org/mirror.git\"\n  {:tag (fn [push] (.. \"build-\" push.sha)) :secret :mirror-auth\n   :refs [:refs/heads/main]})"},
			{Name: "after", Type: Strings, States: S2, Doc: "Jobs that have to succeed first.",
				Example: "(ci.mirror \"https://example.org/mirror.git\"\n  {:tag (fn [push] (.. \"build-\" push.sha)) :secret :mirror-auth\n   :after [:test]})"},
		}},
	},
	States: S2,
}

var stdlibMirrorFunc = Func{
	Name:    "mirror",
	Type:    Table,
	Doc:     "Tags a commit and pushes it with the given refs to another repository. It raises when git fails.",
	Example: "(let [push (jobs :quire/push)]\n  (stdlib.mirror {:url \"https://example.org/mirror.git\" :auth-header (secret :mirror-auth)\n                  :sha push.sha :tag \"v1\" :git-dir push.git-dir :refs [push.ref]}))",
	Params: []Param{
		{Name: "opts", Type: Table, Doc: "What to push, and where to.", Keys: []Key{
			{Name: "url", Type: String, Required: true, States: S2, Doc: "The repository to push to."},
			{Name: "auth-header", Type: String, Required: true, States: S2, Doc: "The HTTP header that git sends along, usually a secret."},
			{Name: "sha", Type: String, Required: true, States: S2, Doc: "The commit to tag."},
			{Name: "tag", Type: String, Required: true, States: S2, Doc: "The name of the tag to make."},
			{Name: "git-dir", Type: String, Required: true, States: S2, Doc: "The git directory to push from, as in the table of quire/push."},
			{Name: "refs", Type: Strings, States: S2, Doc: "Refs to push beside the tag."},
		}},
	},
	Result: []Key{
		{Name: "tag", Type: String, Required: true, States: S2, Doc: "The tag that was made."},
		{Name: "pushed_refs", Type: Strings, Required: true, States: S2, Doc: "The refs that were pushed, the tag's last."},
	},
	States: S2,
}

var defrunMacro = Func{
	Name:    "defrun",
	Type:    RunFn,
	Doc:     "Makes a run-fn whose body sees the named primitives. (defrun [sh jobs] …) and (defrun [{: sh : jobs}] …) mean the same.",
	Example: "(ci.job :test [:quire/push]\n  (defrun [sh]\n    (assert (= 0 (. (sh [:go :test \"./...\"]) :exit)) \"a test failed\")))",
	Params: []Param{
		{Name: "names", Type: Any, Doc: "A sequence of bare symbols that name primitives, or one table that destructures the runtime table; it may be empty."},
		{Name: "body", Type: Any, Optional: true, Doc: "The forms to run; the last one gives the outputs."},
	},
	States: S2,
}

func inState(s State, f Func) Func {
	f.States = s
	return f
}
