;; Test, then mirror main to a public host.
(local ci (require :quire.ci))
(import-macros {: defrun} :quire.ci)

(fn stamp [push]
  "The tag of a push: the day, and the start of the commit."
  (.. "release-"
      (string.sub push.pushed-at 1 10)
      "-"
      (string.sub push.sha 1 8)))

(ci.job :test [:quire/push]
  (defrun [sh]
    (let [{: exit : stdout} (sh ["make" "test"])]
      (if (not= exit 0)
          (error stdout)
          nil))))

(ci.job :lint [:quire/push]
  (defrun [sh]
    (let [{: exit} (sh ["make" "lint"])]
      (assert (= exit 0) "lint failed"))))

(ci.mirror "https://git.example.com/mirrors/project.git"
           {:secret :mirror-header
            :tag stamp
            :refs ["refs/heads/main"]
            :after [:test :lint]})
