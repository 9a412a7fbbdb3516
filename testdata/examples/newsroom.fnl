;; A newspaper's site: macros of its own say what a step is, so that the jobs
;; read like a list.

(local {: job : image} (require :quire.ci))

(image "ghcr.io/example/newsroom:2026.11")

(macro step [id inputs & body]
  "A job that raises when one of its commands fails; $ is the runtime."
  `(job ,id ,inputs
     (fn [rt#]
       (let [,(sym :$) rt#
             ,(sym :run!) (fn [command# options#]
                            (let [r# (rt#.sh command# options#)]
                              (if (= r#.exit 0)
                                  r#.stdout
                                  (error (.. "exit " r#.exit ": " r#.stderr) 0))))]
         ,(unpack body)))))

(macro when-branch [branch push & body]
  `(when (= (. ,push :branch) ,branch)
     ,(unpack body)))

(local languages [:de :en :fr :it])
(local widths [320 640 1280 2560])

(fn words [text]
  (icollect [word (string.gmatch text "%S+")]
    word))

(fn slug [title]
  (let [dashed (string.gsub (string.lower title) "[^%w]+" "-")]
    (pick-values 1 (string.gsub dashed "^%-+" ""))))

(step :fetch [:quire/push]
  (run! ["cms" "export" "--since" "yesterday" "content/"])
  (let [index ($.read-json "content/index.json")
        stories (icollect [_ {: title : lead &as story} (ipairs index.stories)]
                  (when (> (length (words (or lead ""))) 5)
                    {:slug (slug title)
                     :language (or story.language :en)
                     :pictures (length (or story.pictures []))}))]
    ($.log (.. (length stories) " stories"))
    {: stories}))

(step :spelling [:fetch]
  (each [_ language (ipairs languages)]
    (run! (.. "hunspell -l -d " language " content/" language "/*.md | sort -u > spelling-" language ".txt"))
    (let [unknown (words ($.read-file (.. "spelling-" language ".txt")))]
      (when (> (length unknown) 200)
        (error (.. language ": " (length unknown) " unknown words") 0)))))

(step :pictures [:fetch]
  (let [{: stories} ($.jobs :fetch)
        total (accumulate [sum 0 _ {: pictures} (ipairs stories)]
                (+ sum pictures))]
    (each [_ width (ipairs widths)]
      (run! ["pictures" "--width" (tostring width) "content/" "public/"] {:timeout (+ 60 (* 2 total))}))
    {: total}))

(each [_ language (ipairs languages)]
  (step (.. "pages-" language) [:fetch :pictures]
    (run! ["site" "build" "--language" language] {:env {:NODE_ENV "production"}})
    (let [mine (icollect [_ story (ipairs (. ($.jobs :fetch) :stories))]
                 (when (= story.language language) story.slug))]
      ($.write-file (.. "public/" language "/stories.txt") (table.concat mine "\n"))
      {:count (length mine)})))

(step :links (icollect [_ language (ipairs languages)] (.. "pages-" language))
  (case (pcall run! ["linkcheck" "public/"])
    (true report) ($.log report)
    (false message) (let [broken (tonumber (message:match "(%d+) broken"))]
                      (if (and broken (< broken 10))
                          ($.log (.. broken " links are broken, which is few"))
                          (error message 0)))))

(step :publish [:links :spelling]
  (let [push ($.jobs :quire/push)]
    (when-branch "main" push
      (run! ["aws" "s3" "sync" "public/" "s3://newsroom/"]
            {:env {:AWS_SECRET_ACCESS_KEY ($.secret :aws-key)} :timeout "10m"})
      (each [_ language (ipairs languages)]
        (let [{: count} ($.jobs (.. "pages-" language))]
          ($.log (string.format "%s: %d" language count))))
      {:published push.sha})))
