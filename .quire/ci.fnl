;; What every push has to pass.

(local {: job} (require :quire.ci))

(fn check [sh command]
  "Run a command whose failure fails the job, and return what it printed."
  (let [{: exit : stdout} (sh command)]
    (when (not= exit 0)
      (error (.. (table.concat command " ") " exited with " exit)))
    stdout))

(job :fmt [:quire/push]
  (fn [{: sh}]
    (let [unformatted (check sh [:gofmt :-l "."])]
      (when (not= unformatted "")
        (error (.. "not formatted:\n" unformatted))))))

(job :vet [:quire/push]
  (fn [{: sh}]
    (check sh [:go :vet "./..."])
    nil))

(job :test [:quire/push]
  (fn [{: sh}]
    (check sh [:go :test "./..."])
    nil))

(job :build [:fmt :vet :test]
  (fn [{: sh}]
    (each [_ name (ipairs [:quire :quire-lsp])]
      (check sh [:go :build :-o (.. "dist/" name) (.. "./cmd/" name)]))
    {:version (check sh [:dist/quire :--version])}))
