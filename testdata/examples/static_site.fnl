(local {: job : image} (require :quire.ci))

(image "node:22")

(job :build [:quire/push]
  (fn [{: sh}]
    (let [result (sh "npx eleventy --output=public")]
      (when (not= 0 result.exit)
        (error "the site does not build")))))

(job :links [:build]
  (fn [{: sh}]
    (let [{: exit : stdout} (sh ["linkchecker" "--no-warnings" "public/index.html"])]
      (when (not= 0 exit)
        (error (.. "dead links:\n" stdout))))))

(job :publish [:links]
  (fn [{: sh : jobs : secret}]
    (let [push (jobs :quire/push)]
      (when (= push.ref "refs/heads/main")
        (let [{: exit} (sh "rsync -a --delete public/ \"$TARGET\""
                           {:env {:TARGET (secret :deploy-target)}})]
          (assert (= exit 0) "rsync failed"))))))
