;; Run-fns put together from small functions of the runtime table.

(local {: job} (require :quire.ci))

(fn shell [command]
  "A step that runs a command and raises when it fails."
  (fn [{: sh}]
    (let [{: exit : stdout : stderr} (sh command)]
      (if (= exit 0)
          stdout
          (error (.. "exit " exit ": " stderr) 0)))))

(fn in-order [...]
  "A step that is several steps; its result is that of the last."
  (let [steps [...]]
    (fn [runtime]
      (accumulate [result nil _ step (ipairs steps)]
        (step runtime)))))

(fn only-on [branch step]
  (fn [{: jobs : log &as runtime}]
    (let [push (jobs :quire/push)]
      (if (= push.branch branch)
          (step runtime)
          (log (.. "only on " branch))))))

(fn timed [name step]
  (fn [{: log &as runtime}]
    (let [start (os.time)
          result (step runtime)]
      (log (string.format "%s took %d s" name (os.difftime (os.time) start)))
      result)))

(fn without-result [step]
  (fn [runtime]
    (step runtime)
    nil))

(fn output [key step]
  "A run-fn with one output."
  (fn [runtime] {key (step runtime)}))

(job :lint [:quire/push] (without-result (shell "make lint")))
(job :unit [:quire/push] (without-result (timed :unit (shell ["make" "test"]))))
(job :version [:quire/push] (output :name (shell "git describe --always")))

(job :package [:lint :unit :version]
  (without-result
   (in-order (shell "make clean")
             (shell "make dist")
             (fn [{: jobs : log}]
               (log (.. "packaged " (. (jobs :version) :name)))))))

(job :announce [:package]
  (without-result (only-on :main (timed :announce (shell "./announce.sh")))))
