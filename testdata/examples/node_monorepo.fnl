;; Packages of a monorepo. A package is built only when a file of it, or of
;; something it depends on, has changed.

(local {: job} (require :quire.ci))

(local packages
  {:shared {:path "packages/shared" :needs []}
   :api {:path "packages/api" :needs [:shared]}
   :web {:path "packages/web" :needs [:shared :api]}
   :docs {:path "packages/docs" :needs []}})

(fn starts-with? [text prefix]
  (= prefix (string.sub text 1 (length prefix))))

(fn any? [predicate list]
  (accumulate [found false _ item (ipairs list) &until found]
    (predicate item)))

(fn changed? [push path]
  (case push.files-changed
    nil true
    files (any? #(starts-with? $ (.. path "/")) files)))

(fn affected? [push name]
  (let [{: path : needs} (. packages name)]
    (or (changed? push path)
        (any? #(affected? push $) needs))))

(fn npm [sh directory ...]
  (let [{: exit : stdout : stderr} (sh [:npm ...] {:cwd directory :env {:CI "true"}})]
    (if (= exit 0)
        stdout
        (error (.. "npm failed in " directory ":\n" stdout stderr) 0))))

(job :install [:quire/push]
  (fn [{: sh}]
    (npm sh "." :ci)
    nil))

(each [name {: path : needs} (pairs packages)]
  (job name [:install (unpack needs)]
    (fn [{: sh : jobs : log}]
      (if (affected? (jobs :quire/push) name)
          (do
            (npm sh path :run :lint)
            (npm sh path :test)
            (npm sh path :run :build)
            {:built true :dist (.. path "/dist")})
          (do
            (log (.. name " is unchanged"))
            {:built false})))))

(job :summary [:api :web :docs]
  (fn [{: jobs : log}]
    (let [built (icollect [_ name (ipairs [:api :web :docs])]
                  (when (. (jobs name) :built) name))]
      (log (if (= 0 (length built))
               "nothing to deploy"
               (.. "built: " (table.concat built ", "))))
      {: built})))
