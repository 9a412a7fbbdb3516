;; A compiler that compiles itself: stage 1 is built by the last release, stage 2
;; by stage 1, stage 3 by stage 2, and the last two have to be equal. The tests
;; run on each stage, in shards.

(local {: job : image} (require :quire.ci))

(image "debian:12")

;;; What there is

(local stages 3)
(local shards 4)
(local suites [:parser :types :codegen :runtime :errors])
(local allocator {:debug "--alloc=checked" :release "--alloc=fast"})

;;; Names

(fn stage-name [n] (.. "stage" n))

(fn shard-name [n shard] (string.format "test-stage%d-%d" n shard))

(fn compiler [n]
  (if (= n 0)
      "bootstrap/bin/cc0"
      (.. "build/stage" n "/cc")))

;;; Commands

(fn describe [command]
  (if (= :table (type command))
      (table.concat command " ")
      command))

(fn failed [command {: exit : stderr}]
  (error (string.format "%s: exit %d\n%s" (describe command) exit (string.sub stderr -4000)) 0))

(fn run [sh command options]
  (let [result (sh command options)]
    (when (not= result.exit 0)
      (failed command result))
    result))

(fn first-line [text]
  (or (string.match text "^[^\n]*") ""))

(fn digest [sh path]
  (let [{: stdout} (run sh [:sha256sum path])]
    (string.match stdout "^(%x+)")))

;;; Suites are dealt to shards in turn

(fn dealt-to [shard]
  (let [mine []]
    (each [i suite (ipairs suites)]
      (when (= shard (+ 1 (% (- i 1) shards)))
        (table.insert mine suite)))
    mine))

;;; Jobs

(job :fetch-bootstrap [:quire/push]
  (fn [{: sh : read-file : log}]
    (let [version (first-line (read-file "bootstrap/VERSION"))
          url (.. "https://releases.example.org/cc/" version ".tar.xz")]
      (log (.. "bootstrapping with " version))
      (run sh [:curl :-fsSLo "bootstrap/cc.tar.xz" url] {:timeout "5m"})
      (run sh [:tar :-xJf "bootstrap/cc.tar.xz" :-C "bootstrap"])
      {: version})))

(for [n 1 stages]
  (let [before (if (= n 1) :fetch-bootstrap (stage-name (- n 1)))
        mode (if (= n stages) :release :debug)]
    (job (stage-name n) [before]
      (fn [{: sh : log}]
        (let [out (.. "build/stage" n)
              command [(compiler (- n 1)) "src/main.cc0" (. allocator mode) :-o (compiler n)]]
          (run sh [:mkdir :-p out])
          (run sh command {:env {:STAGE (tostring n)} :timeout 1800})
          (let [sum (digest sh (compiler n))]
            (log (.. (stage-name n) " is " (string.sub sum 1 12)))
            {:digest sum :path (compiler n)})))))

  (for [shard 1 shards]
    (let [mine (dealt-to shard)]
      (when (< 0 (length mine))
        (job (shard-name n shard) [(stage-name n)]
          (fn [{: sh : jobs}]
            (let [{: path} (jobs (stage-name n))
                  results {}]
              (each [_ suite (ipairs mine)]
                (let [{: exit : stdout} (sh ["tests/run" :--compiler path suite])
                      (passed total) (string.match stdout "(%d+)/(%d+)")]
                  (tset results suite {:passed (tonumber passed)
                                       :total (tonumber total)
                                       :ok (= exit 0)})))
              {: results})))))))

(job :fixed-point [:stage2 :stage3]
  (fn [{: jobs : sh : log}]
    (let [second (jobs :stage2)
          third (jobs :stage3)]
      (if (= second.digest third.digest)
          (log "the stages agree")
          (let [{: stdout} (sh ["diffoscope" "--text" "-" second.path third.path])]
            (log (string.sub stdout 1 2000))
            (error "stage 3 differs from stage 2" 0))))))

(local all-tests
  (let [names []]
    (for [n 1 stages]
      (for [shard 1 shards]
        (when (next (dealt-to shard))
          (table.insert names (shard-name n shard)))))
    names))

(job :report all-tests
  (fn [{: jobs : log : write-file}]
    (let [rows []]
      (var worst 0)
      (each [_ name (ipairs all-tests)]
        (each [suite {: passed : total : ok} (pairs (. (jobs name) :results))]
          (table.insert rows (string.format "%-16s %-8s %d/%d" name suite passed total))
          (when (not ok)
            (set worst (+ worst (- total passed))))))
      (table.sort rows)
      (each [_ row (ipairs rows)]
        (log row))
      (write-file "build/report.txt" (table.concat rows "\n"))
      (when (> worst 0)
        (error (.. worst " tests fail") 0))
      {:rows (length rows)})))

(job :release [:report :fixed-point]
  (fn [{: sh : jobs : secret}]
    (let [{: tag} (jobs :quire/push)]
      (when tag
        (let [archive (.. "cc-" tag ".tar.xz")]
          (run sh [:tar :-cJf archive :-C "build/stage3" :cc])
          (run sh [:gpg :--batch :--passphrase-fd :0 :--detach-sign archive]
               {:env {:PASSPHRASE (secret :signing-passphrase)}})
          {: archive :digest (digest sh archive)})))))
