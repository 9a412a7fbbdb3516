;; What the editors' tests run, rename, complete and format.

(local {: job} (require :quire.ci))

(job :build [:quire/push]
  (fn [{: sh}]
    (let [{: exit : stdout} (sh "echo built")]
      (assert (= 0 exit))
      {:log stdout})))

(job :test [:build]
  (fn [{: sh : jobs}]
    (assert (= 0 (. (sh ["echo" (. (jobs :build) :log)]) :exit)))))

(job :broken [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "echo reason; exit 3") :exit)))))

(job :long [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "sleep MARK") :exit)))))

(job :option [:quire/push]
  (fn [{: sh}]
    (assert (= 0 (. (sh "true" {:timout 3}) :exit)))))
