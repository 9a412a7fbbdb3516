;; Documentation: prose, code samples, pictures. Problems are collected and shown together.

(local {: job} (require :quire.ci))

(fn trim [s] (-> s (string.gsub "^%s+" "") (string.gsub "%s+$" "")))

(fn problems [sh commands]
  "Run all commands and return what those that failed printed."
  (let [found []]
    (each [name command (pairs commands)]
      (let [(started result) (pcall sh command)]
        (if (not started)
            (table.insert found (.. name ": " (tostring result)))
            (not= 0 result.exit)
            (table.insert found (.. name ":\n" (trim result.stdout))))))
    found))

(fn report [found]
  (when (< 0 (length found))
    (error (table.concat found "\n\n") 0)))

(job :prose [:quire/push]
  (fn [{: sh}]
    (report (problems sh {:spelling "aspell list < docs/guide.md"
                          :style ["vale" "docs"]
                          :width "! grep -rnE '.{101,}' docs --include='*.md'"}))))

(job :samples [:quire/push]
  (fn [{: sh : read-file}]
    (let [guide (read-file "docs/guide.md")
          samples (icollect [language code (string.gmatch guide "```(%w+)\n(.-)```")]
                    (when (= language :sh) code))]
      (report (problems sh (collect [i code (ipairs samples)]
                             (.. "sample " i) code)))
      {:samples (length samples)})))

(job :pictures [:quire/push]
  (fn [{: sh : log}]
    (let [names (-> [:find "docs/pictures" :-name "*.dot"]
                    (sh)
                    (. :stdout))
          count (accumulate [n 0 _ (string.gmatch names "[^\n]+")] (+ n 1))]
      (log (.. count " pictures")))))

(job :site [:prose :samples :pictures]
  (fn [{: sh : jobs}]
    (doto (sh [:mdbook :build "docs"])
      (#(assert (= 0 $.exit) $.stderr)))
    {:site "docs/book" :samples (?. (jobs :samples) :samples)}))
