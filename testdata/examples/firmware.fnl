; Flash a board and talk to it. The lab is shared and flaky, hence the retries.

(local ci (require :quire.ci))
(local job ci.job)

(var attempts 0)

(fn retry [times pause action]
  (var left times)
  (var result nil)
  (while (and (> left 0) (= result nil))
    (set attempts (+ attempts 1))
    (let [(ok value) (pcall action)]
      (if ok
          (set result value)
          (do
            (set left (- left 1))
            (if (= left 0)
                (error value 0)
                (pause))))))
  result)

(fn quiet-sh [sh command]
  (let [out (sh command {:timeout "2m"})]
    (if (not= out.exit 0) (error (.. "exit " out.exit)))
    out.stdout))

(job :compile [:quire/push]
  (fn [rt]
    (let [out (rt.sh "west build -b nrf52840dk app")]
      (if (not= out.exit 0)
          (do (print out.stdout)
              (error "compiler said no"))
          {:image "build/zephyr/zephyr.hex"}))))

(job :flash [:compile]
  (fn [rt]
    (let [image (. (rt.jobs :compile) :image)
          pause #(rt.sh [:sleep :3])]
      (retry 3 pause #(quiet-sh rt.sh [:nrfjprog :--program image :--reset]))
      (rt.log (.. "flashed after " attempts " attempts")))))

(job :console [:flash]
  (fn [rt]
    (let [text (retry 2 #(rt.sh [:sleep :1]) #(quiet-sh rt.sh "timeout 20 ./tools/console --until ready"))
          version (string.match text "version (%d+%.%d+)")]
      (assert version "the board did not say its version")
      {: version})))
