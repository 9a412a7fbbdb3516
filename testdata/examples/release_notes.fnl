;; Collect the commits since the last push, sort them by kind, and write notes.

(local {: job} (require :quire.ci))

(local titles {:feat "New" :fix "Fixed" :perf "Faster" :docs "Documentation"})
(local order [:feat :fix :perf :docs])

(fn lines [text]
  (icollect [line (string.gmatch text "[^\n]+")] line))

(fn parse [line]
  "A commit as its hash, kind, scope and subject; the kind is nil for others."
  (let [(hash subject) (line:match "^(%x+) (.*)$")]
    (case (values (string.match subject "^(%l+)%((.-)%)!?: (.*)$"))
      (kind scope text) {: hash : kind : scope : text}
      _ (case (values (string.match subject "^(%l+)!?: (.*)$"))
          (kind text) {: hash : kind : text}
          _ {: hash :text subject}))))

(fn group [commits]
  (let [groups {}]
    (each [_ {: kind &as commit} (ipairs commits)]
      (when (and kind (. titles kind))
        (when (= nil (. groups kind))
          (tset groups kind []))
        (table.insert (. groups kind) commit)))
    groups))

(fn render [groups]
  (let [out []]
    (each [_ kind (ipairs order)]
      (case (. groups kind)
        commits (do
                  (table.insert out (.. "## " (. titles kind) "\n"))
                  (each [_ {: scope : text : hash} (ipairs commits)]
                    (table.insert out (if scope
                                          (string.format "- **%s** %s (%s)" scope text hash)
                                          (string.format "- %s (%s)" text hash))))
                  (table.insert out ""))))
    (table.concat out "\n")))

(job :commits [:quire/push]
  (fn [{: sh : jobs}]
    (let [{: sha : previous-sha} (jobs :quire/push)
          range (if previous-sha (.. previous-sha ".." sha) sha)
          {: exit : stdout : stderr} (sh [:git :log "--format=%h %s" :--no-merges :-n :200 range])]
      (when (not= exit 0)
        (error stderr))
      {:commits (icollect [_ line (ipairs (lines stdout))] (parse line))})))

(job :notes [:commits]
  (fn [{: jobs : write-file : log}]
    (let [{: commits} (jobs :commits)
          notes (render (group commits))]
      (write-file "build/NOTES.md" notes)
      (log (.. (length commits) " commits"))
      {:path "build/NOTES.md" :bytes (length notes)})))
