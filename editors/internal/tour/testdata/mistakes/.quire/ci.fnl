;; One of each diagnostic that can stand beside the others in one file.

(local {: job : image : mirror : runtime} (require :quire.ci))
(local unused 1)

(print (getenv :HOME))

(runtime.sh "make")

(image "docker.io/library/golang:1.26")
(image "docker.io/library/debian:13")
(mirror "https://example.com/copy.git" {:secret :token})

(job :empty [] (fn [] nil))
(job :no/slash [:quire/push] (fn [] nil))
(job :twice [:quire/push] (fn [] nil))
(job :twice [:quire/push :quire/push] (fn [] nil))
(job :hen [:egg] (fn [] nil))
(job :egg [:hen] (fn [] nil))
(job :lost [:egg-cup] (fn [] nil))
(job :typo [:quire/push :buidl] (fn [] nil))
(job :source [:quire/pusk] (fn [] nil))

(job :build [:quire/push]
  (fn [{: sh : read-file}]
    (assert (= 0 (. (sh [:make (read-file :TARGET)] {:timout 3}) :exit)))
    (assert (= 0 (. (sh [:make] {:env "CI=1"}) :exit)))
    (assert (= 0 (. (sh []) :exit)))
    (sh [:make])
    nil))

(job :reads [:quire/push]
  (fn [{: secret : jobs : read-file : shh}]
    (secret :tokn)
    (read-file 1)
    (jobs :build)
    (jobs :reads)
    nil))

(job :arity [:quire/push] (fn [push sh] (print push sh)))
(job :result [:quire/push] (fn [] 42))

(job :shadow [:quire/push]
  (fn [{: sh}]
    (let [sh (sh "make")]
      {:exit sh.exit})))

(let [odd] odd)

(job :last [:quire/push]
  (fn [] nil]
