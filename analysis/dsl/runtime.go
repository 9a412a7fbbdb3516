package dsl

var runtime = []Func{shFunc, secretFunc, jobsFunc, readFileFunc, readJSONFunc, writeFileFunc, logFunc, envFunc}

var shFunc = Func{
	Name:    "sh",
	Type:    Table,
	Doc:     "Runs a command and waits for it. A non-zero exit is returned and does not raise; what cannot be started, or runs out of time, does.",
	Example: "(let [{: exit : stderr} (sh [:go :test \"./...\"])]\n  (when (not= exit 0)\n    (error stderr)))",
	Params: []Param{
		{Name: "cmd", Type: Command, Doc: "A string is run by sh -c. A sequence is a program and its arguments, and meets no shell."},
		{Name: "opts", Type: Table, Optional: true, Doc: "How to run it.", Keys: []Key{
			{Name: "env", Type: EnvMap, States: every, Doc: "Environment variables to add or replace.",
				Example: "(sh [:go :build] {:env {:CGO_ENABLED \"0\"}})"},
			{Name: "cwd", Type: Path, States: S1 | Product, Doc: "The directory to run in, relative to the workspace.",
				Example: "(sh [:npm :ci] {:cwd \"web\"})"},
			{Name: "timeout", Type: Duration, States: Product, Doc: "How long the command may take, in seconds or as a string such as \"90s\". After that it is ended and the call raises.",
				Example: "(sh [:go :test \"./...\"] {:timeout \"90s\"})"},
		}},
	},
	Result: []Key{
		{Name: "exit", Type: Number, Required: true, States: every, Doc: "The exit status, or -1 when a signal ended the command."},
		{Name: "stdout", Type: String, Required: true, States: every, Doc: "What the command wrote to its standard output, with invalid UTF-8 replaced. Reading more than 64 MiB raises."},
		{Name: "stderr", Type: String, Required: true, States: every, Doc: "What the command wrote to its standard error, with invalid UTF-8 replaced. Reading more than 64 MiB raises."},
		{Name: "cmd", Type: String, Required: true, States: S2 | H, Doc: "The command as logs show it."},
		{Name: "signal", Type: String, States: Product, Doc: "The signal that ended the command, such as SIGKILL, or nil."},
	},
	States: S2 | H,
}

var secretFunc = Func{
	Name:    "secret",
	Type:    String,
	Doc:     "Returns the value of a secret. From then on it is replaced by {{ name }} in logs and wherever else output is shown.",
	Example: "(sh [:twine :upload \"dist/*\"] {:env {:TWINE_PASSWORD (secret :pypi)}})",
	Params: []Param{
		{Name: "name", Type: Secret, Doc: "A name from the configuration or the command line."},
	},
	States: S2 | H,
}

var jobsFunc = Func{
	Name:    "jobs",
	Type:    Any,
	Doc:     "Returns the outputs of a job that this one needs, directly or not, or the table of a source. It is nil for a job that was skipped or returned no table.",
	Example: "(let [{: sha} (jobs :quire/push)]\n  (sh [:echo sha]))",
	Params: []Param{
		{Name: "name", Type: JobName, Doc: "The id of a job, or a source such as :quire/push."},
	},
	States: S2 | H,
}

var readFileFunc = Func{
	Name:    "read-file",
	Type:    String,
	Doc:     "Returns the content of a file in the workspace. It raises when there is no such file.",
	Example: "(read-file \"VERSION\")",
	Params: []Param{
		{Name: "path", Type: Path, Doc: "Relative to the workspace."},
	},
	States: Product,
}

var readJSONFunc = Func{
	Name:    "read-json",
	Type:    Any,
	Doc:     "Returns the content of a JSON file in the workspace as a Lua value. Arrays become sequences, and null becomes nil.",
	Example: "(. (read-json \"package.json\") :version)",
	Params: []Param{
		{Name: "path", Type: Path, Doc: "Relative to the workspace."},
	},
	States: Product,
}

var writeFileFunc = Func{
	Name:    "write-file",
	Type:    Nil,
	Doc:     "Replaces the content of a file in the workspace.",
	Example: "(write-file \"dist/VERSION\" \"1.2.3\\n\")",
	Params: []Param{
		{Name: "path", Type: Path, Doc: "Relative to the workspace."},
		{Name: "content", Type: String, Doc: "The new content, any bytes."},
	},
	States: Product,
}

var logFunc = Func{
	Name:    "log",
	Type:    Nil,
	Doc:     "Adds a message to the job's log. It is shown with the output of the job's commands.",
	Example: "(log \"all tests passed\")",
	Params: []Param{
		{Name: "message", Type: String, Doc: "The text, one line or more."},
	},
	States: Product,
}

var envFunc = Func{
	Name:    "env",
	Type:    String,
	Doc:     "Returns a variable of the environment that commands get. It is nil when the variable is not set.",
	Example: "(or (env \"HOME\") \"/\")",
	Params: []Param{
		{Name: "name", Type: String, Doc: "The variable's name, such as \"HOME\"."},
	},
	States: Product,
}

var sources = []Source{
	{
		Name:   Push,
		Doc:    "Starts the pipeline when commits are pushed. A local run stands in for a push of what is checked out.",
		States: every,
		Fields: []Key{
			{Name: "sha", Type: String, Required: true, States: S2 | H, Doc: "The commit that was pushed."},
			{Name: "ref", Type: String, States: S2 | H, Doc: "The ref that was pushed, such as refs/heads/main. It is nil when HEAD is detached."},
			{Name: "branch", Type: String, States: Product, Doc: "The branch's name without refs/heads/, or nil when no branch was pushed."},
			{Name: "tag", Type: String, States: Product, Doc: "The tag's name without refs/tags/, or nil when no tag was pushed."},
			{Name: "pushed-at", Type: String, Required: true, States: S2 | H, Doc: "When it was pushed, as RFC 3339 in UTC. In a local run it is the start of the run."},
			{Name: "previous-sha", Type: String, States: Product, Doc: "The commit that the ref was at before, or nil when that is not known."},
			{Name: "files-changed", Type: Strings, States: Product, Doc: "Paths of the files that differ from previous-sha, or nil without one."},
			{Name: "pusher", Type: String, States: Product, Doc: "Who pushed, as git's user.name."},
			{Name: "commit-message", Type: String, States: Product, Doc: "The message of the commit."},
			{Name: "git-dir", Type: String, Required: true, States: S2, Doc: "Path of the git directory that holds the commit. In a local run it is that of the run's own workspace."},
		},
	},
}
