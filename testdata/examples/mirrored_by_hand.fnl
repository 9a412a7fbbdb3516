(local {: job} (require :quire.ci))
(local stdlib (require :quire.stdlib))

;; Each remote gets its own job, so that one that is down does not keep the
;; others from being updated.

(local remotes
  [{:name :codeberg :url "https://codeberg.example/team/project.git"}
   {:name :sourcehut :url "https://git.sr.example/~team/project"}])

(fn mirror-to [{: name : url}]
  (fn [{: jobs : secret : log}]
    (let [push (jobs :quire/push)
          header (secret (.. name "-header"))]
      (log (.. "mirroring " push.sha " to " name))
      (stdlib.mirror {: url
                      :auth-header header
                      :sha push.sha
                      :tag (.. "mirrored-" (push.sha:sub 1 8))
                      :git-dir push.git-dir
                      :refs [push.ref]}))))

(job :verify [:quire/push]
  (fn [{: sh : jobs}]
    (let [{: sha} (jobs :quire/push)
          {: exit : stderr} (sh ["git" "verify-commit" sha])]
      (if (= exit 0)
          {:verified sha}
          (error stderr)))))

(each [_ remote (ipairs remotes)]
  (job (.. :mirror- remote.name) [:verify] (mirror-to remote)))
