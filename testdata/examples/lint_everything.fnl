;; All linters run, whatever the others say; the report comes at the end.
(local {: job} (require :quire.ci))

(local linters
  [{:name "shell" :command "git ls-files '*.sh' | xargs -r shellcheck"}
   {:name "yaml" :command ["yamllint" "."]}
   {:name "docker" :command ["hadolint" "Dockerfile"]}
   {:name "toml" :command "taplo check" :optional true}
   {:name "python" :command ["ruff" "check"]}])

(fn lint [{: sh : log} {: name : command : optional}]
  (let [{: exit : stdout : stderr} (sh command)
        passed (= exit 0)]
    (log (.. (if passed "✓ " optional "! " "✗ ") name))
    {: name : passed :text (.. stdout stderr) :counts (not optional)}))

(job :lint [:quire/push]
  (fn [runtime]
    {:results (icollect [_ linter (ipairs linters)]
                (lint runtime linter))}))

(fn failures [results]
  (icollect [_ {: name : passed : counts} (ipairs results)]
    (when (and counts (not passed)) name)))

(job :verdict [:lint]
  (fn [{: jobs : log : write-file}]
    (let [{: results} (jobs :lint)
          failed (failures results)
          longest (accumulate [n 0 _ {: name} (ipairs results)] (math.max n (length name)))]
      (each [_ {: name : passed : text} (ipairs results)]
        (log (.. name (string.rep " " (- longest (length name))) "  " (tostring passed)))
        (when (not passed)
          (write-file (.. "reports/" name ".txt") text)))
      (when (next failed)
        (error (.. "failed: " (table.concat failed ", ")) 0))
      {:passed (length results)})))
