;; A service in Go: format, vet, test and build, then a smoke test of the binary.

(local {: job} (require :quire.ci))

(local packages "./...")
(local binary "bin/server")

(fn must [sh command options]
  "Run a command; fail the job when it fails. Returns what it printed."
  (let [{: exit : stdout : stderr : cmd} (sh command options)]
    (when (not= 0 exit)
      (error (.. cmd " exited with " exit "\n" stderr) 0))
    stdout))

(fn go [sh & arguments]
  (must sh [:go (unpack arguments)] {:env {:CGO_ENABLED "0" :GOFLAGS "-mod=readonly"}}))

(job :tidy [:quire/push]
  (fn [{: sh}]
    (go sh :mod :tidy :-diff)
    nil))

(job :fmt [:quire/push]
  (fn [{: sh}]
    (let [names (must sh [:gofmt :-l :.])]
      (when (not= "" names)
        (error (.. "run gofmt on\n" names) 0)))))

(job :vet [:tidy]
  (fn [{: sh}]
    (go sh :vet packages)
    nil))

(job :test [:tidy]
  (fn [{: sh : log}]
    (let [output (go sh :test :-count=1 packages)
          (_ tested) (output:gsub "ok%s" "")]
      (log (string.format "%d packages passed" tested))
      {: tested})))

(job :build [:fmt :vet :test]
  (fn [{: sh : jobs}]
    (let [push (jobs :quire/push)
          stamp (.. "-X main.commit=" push.sha)]
      (go sh :build :-trimpath :-ldflags stamp :-o binary "./cmd/server")
      {: binary :commit push.sha})))

(job :smoke [:build]
  (fn [{: sh : jobs : log}]
    (let [{: binary} (jobs :build)
          version (must sh [(.. "./" binary) :--version] {:timeout 10})]
      (log (.. "built " version)))))
