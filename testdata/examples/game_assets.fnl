;;; Assets: textures, sounds, levels. One job per kind, each a list of files
;;; that have changed.

(local ci (require :quire.ci))

(local kinds
  {:textures {:pattern "%.png$" :tool (fn [in out] [:basisu in :-output_file out])}
   :sounds {:pattern "%.wav$" :tool (fn [in out] [:oggenc :-Q in :-o out])}
   :levels {:pattern "%.tmx$" :tool (fn [in out] ["python3" "tools/level.py" in out])}})

(fn matching [files pattern]
  (icollect [_ file (ipairs files)]
    (when (string.find file pattern)
      file)))

(fn output-of [file]
  (.. "out/" (file:gsub "%.%w+$" ".bin")))

(fn convert [kind]
  (let [{: pattern : tool} (. kinds kind)]
    (fn [{: sh : jobs : log}]
      (let [push (jobs :quire/push)
            files (matching (or push.files-changed []) pattern)
            failures []]
        (each [_ file (ipairs files)]
          (match (sh (tool file (output-of file)))
            {:exit 0} (log (.. "converted " file))
            {:exit code} (table.insert failures (.. file " (" code ")"))))
        (if (= 0 (length failures))
            {:converted files}
            (error (table.concat failures "\n")))))))

(each [kind _ (pairs kinds)]
  (ci.job kind [:quire/push] (convert kind)))

(ci.job :budget [:textures :sounds :levels]
  (fn [{: sh : jobs}]
    (let [limit (* 512 1024 1024)
          {: stdout} (sh "du -sb out | cut -f1")
          size (or (tonumber (stdout:match "%d+")) 0)
          count (accumulate [n 0 kind (pairs kinds)]
                  (+ n (length (. (jobs kind) :converted))))]
      (when (> size limit)
        (error (string.format "%.1f MiB of assets" (/ size 1048576))))
      {: size : count})))
