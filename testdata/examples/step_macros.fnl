;; A small vocabulary of its own, made with macros.

(local {: job} (require :quire.ci))

(macro step [title command]
  "Run a command of a job, with a title for the log."
  `(let [result# (,(sym :sh) ,command)]
     (,(sym :log) (.. ,title ": " (if (= result#.exit 0) "ok" "failed")))
     (assert (= result#.exit 0) (.. ,title "\n" result#.stderr))
     result#.stdout))

(macro steps [id inputs ...]
  "A job that is a list of steps."
  `(,(sym :job) ,id ,inputs
     (fn [{:sh ,(sym :sh) :log ,(sym :log)}]
       ,...
       nil)))

(macro when-branch [name push ...]
  `(when (= (. ,push :branch) ,name)
     ,...))

(steps :check [:quire/push]
  (step "spelling" "codespell src")
  (step "types" ["tsc" "--noEmit"]))

(steps :test [:check]
  (step "unit tests" ["jest" "--ci"])
  (step "end to end" "playwright test"))

(job :deploy [:test]
  (fn [{: sh : log : jobs}]
    (let [push (jobs :quire/push)]
      (when-branch :main push
        (step "bundle" ["webpack" "--mode" "production"])
        (let [url (step "upload" "./deploy.sh")]
          (log (.. "deployed to " url))
          {: url})))))
