package diag

// entries is the table of codes, in the order it is documented.
var entries = []Entry{
	{
		Code: Syntax, Severity: Error, Title: "the text cannot be read",
		Explain: "A delimiter has no partner, a string does not end, or a token is no number. Everything around the form that cannot be read is still checked, but nothing runs.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}] (log "building"))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}] (log "building")))
`,
	},
	{
		Code: Compile, Severity: Error, Title: "a form cannot be compiled",
		Explain: "The form reads well but does not say anything in Fennel, such as a let without pairs or a set of a local that is no var. The form is left out, and so is what depends on it.",
		Bad: `(local ci (require :quire.ci))
(let [name] (ci.job name [:quire/push] #nil))
`,
		Good: `(local ci (require :quire.ci))
(let [name :build] (ci.job name [:quire/push] #nil))
`,
	},
	{
		Code: Runtime, Severity: Error, Title: "the file raised an error while it was loaded",
		Explain: "Loading a file runs it from top to bottom, and an error that nothing catches ends that. Jobs that would have been registered further down are not known.",
		Bad: `(local ci (require :quire.ci))
(local config nil)
(ci.job config.name [:quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(local config {:name :build})
(ci.job config.name [:quire/push] #nil)
`,
	},
	{
		Code: EmptyInputs, Severity: Error, Title: "a job has no inputs",
		Explain: "A job runs when one of its inputs starts it. Without any it would never run.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: ReservedSlash, Severity: Error, Title: "a job's id contains a slash",
		Explain: "Names with a slash are those of sources, such as quire/push. An id with one could not be told from them.",
		Bad: `(local ci (require :quire.ci))
(ci.job :test/unit [:quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :test-unit [:quire/push] #nil)
`,
	},
	{
		Code: DuplicateJob, Severity: Error, Title: "a job is registered twice",
		Explain: "Ids name jobs in inputs, outputs and logs, so each belongs to one job. The first registration counts.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
(ci.job :build [:quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
(ci.job :build-docs [:quire/push] #nil)
`,
	},
	{
		Code: DuplicateImage, Severity: Error, Title: "the image is declared twice",
		Explain: "All commands of a pipeline run in one image. The first declaration counts.",
		Bad: `(local ci (require :quire.ci))
(ci.image "alpine")
(ci.image "debian")
`,
		Good: `(local ci (require :quire.ci))
(ci.image "debian")
`,
	},
	{
		Code: DuplicateInput, Severity: Warning, Title: "an input is listed twice",
		Explain: "A job waits for each of its inputs once, however often it is listed. The second mention is usually a slip for another name.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push :quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: BadMirror, Severity: Error, Title: "a mirror call cannot be understood",
		Explain: "The call (ci.mirror url opts) needs :tag, a function that returns the name of the tag, and :secret, the name of the secret for the push. It also takes :refs and :after, and nothing else.",
		Bad: `(local ci (require :quire.ci))
(ci.mirror "https://example.com/r.git" {:secret :token})
`,
		Good: `(local ci (require :quire.ci))
(ci.mirror "https://example.com/r.git" {:secret :token :tag (fn [push] (.. "v-" push.sha))})
`,
	},
	{
		Code: Cycle, Severity: Error, Title: "jobs need each other in a circle",
		Explain: "Each of the jobs waits for the one before it, and the first for the last, so none of them could ever start. Removing one of the inputs breaks the circle.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push :test] #nil)
(ci.job :test [:build] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
(ci.job :test [:build] #nil)
`,
	},
	{
		Code: Unreachable, Severity: Error, Title: "no source ever starts a job",
		Explain: "A job runs because a source, such as a push, starts it or a job that it needs. No way leads from this job back to a source.",
		Bad: `(local ci (require :quire.ci))
(ci.job :test [:buidl] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :test [:quire/push] #nil)
`,
	},
	{
		Code: UnknownInput, Severity: Warning, Title: "an input names nothing",
		Explain: "The name is neither that of a job nor that of a source, so nothing waits for it. The job still runs because of its other inputs, perhaps before what it needs.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
(ci.job :test [:quire/push :buidl] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
(ci.job :test [:quire/push :build] #nil)
`,
	},
	{
		Code: UnknownSource, Severity: Error, Title: "an input names a source that does not exist",
		Explain: "Names that begin with quire/ are those of sources, and the only source today is quire/push.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/psuh] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: UnknownOption, Severity: Error, Title: "an option or field does not exist",
		Explain: "A misspelt option would silently change nothing, so options that a function does not know are refused. A field that a result or a source does not have is always nil.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make" {:cwdir "src"}) :exit)))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make" {:cwd "src"}) :exit)))))
`,
	},
	{
		Code: BadOption, Severity: Error, Title: "an option has a value of the wrong type",
		Explain: "The call would raise when it is reached, and fail the job. A job whose own options are wrong refuses the pipeline.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make" {:env {:JOBS 4}}) :exit)))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make" {:env {:JOBS "4"}}) :exit)))))
`,
	},
	{
		Code: BadCommand, Severity: Error, Title: "a command is neither a string nor a sequence of strings",
		Explain: "A string is run by sh -c, a sequence is a program with its arguments. Numbers are not turned into strings here, because a command line that was put together by mistake is dangerous.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh ["sleep" 5]) :exit)))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh ["sleep" "5"]) :exit)))))
`,
	},
	{
		Code: BadArgument, Severity: Error, Title: "an argument has the wrong type",
		Explain: "The function cannot do anything with the value it was given. The usual reason is a value that is nil because its name is misspelt.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build :quire/push #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: UnknownPrimitive, Severity: Error, Title: "the runtime or a module has no such name",
		Explain: "The runtime table holds the primitives and nothing else; a misspelt name raises at once, so that it cannot be mistaken for something optional. A name that a module of quire does not have is nil, and calling it raises.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: read-flie : log}]
    (log (read-flie "VERSION"))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: read-file : log}]
    (log (read-file "VERSION"))))
`,
	},
	{
		Code: UnknownSecret, Severity: Warning, Title: "a secret is not in the configuration",
		Explain: "The job will fail when it asks for the secret, unless it is given on the command line.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh : secret}]
    (assert (= 0 (. (sh "deploy" {:env {:TOKEN (secret :tokn)}}) :exit)))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh : secret}]
    (assert (= 0 (. (sh "deploy" {:env {:TOKEN (secret :token)}}) :exit)))))
`,
	},
	{
		Code: NotAnAncestor, Severity: Error, Title: "a job reads outputs of a job it does not need",
		Explain: "Only what a job needs, directly or through other jobs, is sure to have run before it.",
		Bad: `(local ci (require :quire.ci))
(ci.job :version [:quire/push] #{:name "1.0"})
(ci.job :publish [:quire/push]
  (fn [{: jobs : log}]
    (log (. (jobs :version) :name))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :version [:quire/push] #{:name "1.0"})
(ci.job :publish [:version]
  (fn [{: jobs : log}]
    (log (. (jobs :version) :name))))
`,
	},
	{
		Code: SelfRead, Severity: Error, Title: "a job reads its own outputs",
		Explain: "The outputs of a job are what its run-fn returns, so they do not exist while it runs.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: jobs : log}]
    (log (. (jobs :build) :name))
    {:name "app"}))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}]
    (let [name "app"]
      (log name)
      {: name})))
`,
	},
	{
		Code: RunArity, Severity: Warning, Title: "a run-fn takes more than one argument",
		Explain: "A run-fn is called with the runtime table and nothing else. Further parameters are always nil.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] (fn [runtime push] nil))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] (fn [{: jobs}] (jobs :quire/push)))
`,
	},
	{
		Code: RunResult, Severity: Warning, Title: "a run-fn's result is neither a table nor nil",
		Explain: "A table is the job's outputs, and nil means that there are none. Any other value is dropped.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}]
    (log "built")
    "app.tar"))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}]
    (log "built")
    {:archive "app.tar"}))
`,
	},
	{
		Code: IgnoredExit, Severity: Warning, Title: "the exit status of a command is never looked at",
		Explain: "A command that fails does not fail the job: the run-fn has to look at :exit, or raise. A result counts as looked at when one of its fields is read, when it is passed on, stored, or bound to a name that begins with an underscore, and when another job reads the outputs it is part of. Where it is only returned from the run-fn, and no job reads it, this is a hint.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (sh "make")
    {:archive "app.tar"}))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (let [{: exit} (sh "make")]
      (assert (= exit 0) "make failed"))
    {:archive "app.tar"}))
`,
	},
	{
		Code: EffectAtLoad, Severity: Error, Title: "a primitive is called outside of a job",
		Explain: "Loading a file must have no effects: editors load it whenever it changes. Commands, secrets and files are there while a run-fn is executing.",
		Bad: `(local ci (require :quire.ci))
(ci.runtime.sh "make")
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make") :exit)))))
`,
	},
	{
		Code: UnusedLocal, Severity: Hint, Title: "a local is never used",
		Explain: "The name can be removed, or begun with an underscore to say that this is meant. Parameters of a function are not blamed, but names that take a parameter apart are.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log : jobs}]
    (log "building")))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}]
    (log "building")))
`,
	},
	{
		Code: UnknownGlobal, Severity: Error, Title: "a global does not exist here",
		Explain: "The name is neither a local nor among the globals of a pipeline. Functions that reach outside of the sandbox, such as io.open and os.execute, are absent; primitives such as sh and read-file do their work. In a function the name raises when it is reached; at top level it refuses the file.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] (fn [] (os.execute "make")))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "make") :exit)))))
`,
	},
	{
		Code: ShadowedPrim, Severity: Warning, Title: "a local hides a primitive",
		Explain: "Calls of that name in its scope do not reach the primitive.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log : env}]
    (let [env {:JOBS "4"}]
      (log env.JOBS))
    (log (or (env :HOME) "no home"))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log : env}]
    (let [variables {:JOBS "4"}]
      (log variables.JOBS))
    (log (or (env :HOME) "no home"))))
`,
	},
	{
		Code: LoadTimeout, Severity: Error, Title: "loading took too long",
		Explain: "Loading a file has two seconds of wall time, as a backstop to the limits that do not depend on the machine. It only registers jobs; work belongs into run-fns.",
		Bad: `(local ci (require :quire.ci))
(local primes [])
(for [n 2 1000000]
  (table.insert primes n))
(ci.job :build [:quire/push] (fn [{: log}] (log (length primes))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: log}]
    (let [primes []]
      (for [n 2 1000000]
        (table.insert primes n))
      (log (length primes)))))
`,
	},
	{
		Code: LoadLimit, Severity: Error, Title: "loading went over a limit",
		Explain: "What loading a file may use is bounded, so that no file can stop an editor or a server. The message names the limit. A file with more than 200,000 forms is not compiled at all: editors show nothing else of it. Jobs that would have been registered behind a limit are not known, so inputs that name none are not told of. What is said of a file is bounded too: of more than 1,000 errors, warnings or hints, the first are shown, and one of this code, as severe as they are, says how many there are besides.",
		Bad: `(while true nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: NotOnServer, Severity: Warning, Title: "the chosen server does not know this",
		Explain: "The pipeline runs here, but the server that was chosen would refuse this or give nil for it. The example is about the server H.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: read-file : log}]
    (log (read-file "VERSION"))))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}]
    (let [{: exit : stdout} (sh ["cat" "VERSION"])]
      (assert (= exit 0) "there is no VERSION")
      (print stdout))))
`,
	},
	{
		Code: UnusedIgnore, Severity: Hint, Title: "an ignore comment has nothing to ignore",
		Explain: "The finding it was written for is gone, so the comment can go too. Errors of loading refuse a run and cannot be ignored.",
		Bad: `(local ci (require :quire.ci))
; quire:ignore unreachable — it is started by hand
(ci.job :build [:quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: Config, Severity: Error, Title: "the configuration cannot be used",
		Explain: "The global configuration is a Fennel file that gives a table such as {:secrets {:token \"…\"} :server :S2}. It cannot be read, or is no such table.",
		Bad: `{:secrets [:token]}
`,
		Good: `{:secrets {:token "…" :deploy-key {:file "deploy-key"}}}
`,
	},
	{
		Code: NoImage, Severity: Error, Title: "there is no image to run jobs in",
		Explain: "Jobs were asked to run in a container, but the pipeline declares no image with (ci.image …) and has no .quire/Dockerfile.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push] #nil)
`,
		Good: `(local ci (require :quire.ci))
(ci.image "golang:1.26")
(ci.job :build [:quire/push] #nil)
`,
	},
	{
		Code: RunFailed, Severity: Error, Title: "a job failed when it ran last",
		Explain: "Its function raised an error. Editors show that where it happened, at the command that did not end well or at the form that raised, until the job passes or its text changes.",
		Bad: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}] (assert (= 0 (. (sh "exit 3") :exit)) "the build is broken")))
`,
		Good: `(local ci (require :quire.ci))
(ci.job :build [:quire/push]
  (fn [{: sh}] (assert (= 0 (. (sh "exit 0") :exit)) "the build is broken")))
`,
	},
}
