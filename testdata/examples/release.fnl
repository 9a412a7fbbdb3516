;; A release in four jobs: what version is it, do the files hold together,
;; build an archive, and publish it when a tag was pushed.

(local {: job} (require :quire.ci))

(fn must [sh command]
  "Run a command whose failure fails the job, and return what it printed."
  (let [{: exit : stdout : stderr : cmd} (sh command)]
    (when (not= exit 0)
      (error (.. cmd " exited with " exit ": " stderr) 0))
    (pick-values 1 (stdout:gsub "%s+$" ""))))

(job :version [:quire/push]
  (fn [{: sh : jobs}]
    (let [push (jobs :quire/push)
          short (must sh [:git :rev-parse :--short=8 push.sha])]
      {:name (or push.tag (.. "snapshot-" short))})))

(job :check [:quire/push]
  (fn [{: sh : log}]
    (log "looking for conflict markers")
    (must sh "! git grep -nE '^(<{7}|>{7}) ' -- . ':!testdata'")
    nil))

(job :archive [:version :check]
  (fn [{: sh : jobs}]
    (let [{: name} (jobs :version)
          file (.. name ".tar")]
      (must sh [:git :archive (.. "--prefix=" name "/") :-o file :HEAD])
      {: file :bytes (tonumber (must sh (.. "wc -c < " file)))})))

(job :publish [:archive]
  (fn [{: jobs : log}]
    (let [push (jobs :quire/push)
          {: file : bytes} (jobs :archive)]
      (when push.tag
        (log (.. "would publish " file ", " bytes " bytes"))
        {: file}))))
