;; Fetch, check and publish data sets. What there is to do stands in a file of
;; the repository; jobs read it when they run, since loading reads no files.

(local {: job} (require :quire.ci))

(local index "datasets.json")

(fn each-dataset [read-json f]
  (let [{: datasets} (read-json index)]
    (each [i dataset (ipairs datasets)]
      (f dataset i))
    (length datasets)))

(fn sha256 [sh path]
  (let [{: exit : stdout} (sh [:sha256sum path])]
    (if (= 0 exit)
        (string.match stdout "^%x+")
        (values nil (.. "cannot read " path)))))

(job :fetch [:quire/push]
  (fn [{: sh : read-json : log}]
    (let [total (each-dataset read-json
                  (fn [{: url : name}]
                    (log (.. "fetching " name))
                    (let [{: exit} (sh [:curl :-fsSL :--retry :3 :-o (.. "raw/" name) url] {:timeout 300})]
                      (when (not= 0 exit)
                        (error (.. name " is not there"))))))]
      {: total})))

(job :verify [:fetch]
  (fn [{: sh : read-json : log}]
    (var bad 0)
    (each-dataset read-json
      (fn [{: name : checksum}]
        (match (sha256 sh (.. "raw/" name))
          checksum (log (.. name " is as published"))
          (nil message) (do (log message) (set bad (+ bad 1)))
          other (do (log (.. name " has " other)) (set bad (+ bad 1))))))
    (when (< 0 bad)
      (error (.. bad " data sets are wrong")))))

(job :statistics [:verify]
  (fn [{: sh : read-json : write-file}]
    (let [rows {}]
      (each-dataset read-json
        (fn [{: name}]
          (let [{: stdout} (sh (.. "wc -l < 'raw/" name "'"))]
            (tset rows name (tonumber (string.match stdout "%d+"))))))
      (write-file "out/rows.txt"
                  (table.concat (icollect [name count (pairs rows)]
                                  (.. name "\t" count))
                                "\n"))
      {: rows})))

(job :publish [:statistics]
  (fn [{: sh : jobs : secret : env : log}]
    (let [{: rows} (jobs :statistics)
          {: branch} (jobs :quire/push)
          bucket (or (env :BUCKET) "s3://example-data")]
      (if (not= branch :main)
          (log "dry run")
          (let [{: exit : stderr} (sh [:aws :s3 :sync "raw" bucket]
                                      {:env {:AWS_SECRET_ACCESS_KEY (secret :aws-key)}})]
            (when (not= exit 0) (error stderr))
            {: bucket :sets (accumulate [n 0 _ _ (pairs rows)] (+ n 1))})))))
