;; Migrations are tried on a copy of production before anything is merged.
(local {: job : runtime} (require :quire.ci))
(import-macros {: defrun} :quire.ci)

(local databases {:main 5432 :analytics 5433})

(fn url [name port]
  (.. "postgres://ci@localhost:" port "/" name))

(fn psql! [sh name sql]
  "Run SQL and return its output, or raise."
  (let [r (sh ["psql" (url name (. databases name)) "-v" "ON_ERROR_STOP=1" "-c" sql])]
    (if (not= r.exit 0)
        (error (.. "psql: " r.stderr) 0))
    r.stdout))

(job :start [:quire/push]
  (fn []
    (each [name port (pairs databases)]
      (let [{: exit} (runtime.sh ["./scripts/start-db" name (tostring port)])]
        (assert (= exit 0) (.. "no database " name))))
    nil))

(job :restore [:start]
  (defrun [sh secret]
    (let [{: exit : stderr} (sh "./scripts/restore --all" {:env {:BACKUP_KEY (secret :backup-key)}})]
      (when (not= exit 0)
        (error stderr)))))

(job :migrate [:restore]
  (defrun [{: sh : log}]
    (let [counts {}]
      (each [name (pairs databases)]
        (psql! sh name "begin; \\i migrations/pending.sql; commit;")
        (let [rows (psql! sh name "select count(*) from schema_migrations")]
          (tset counts name (tonumber (rows:match "%d+")))
          (log (.. name ": " (. counts name)))))
      {: counts})))

(job :rollback [:migrate]
  (defrun [sh jobs]
    (let [{: counts} (jobs :migrate)]
      (each [name count (pairs counts)]
        (when (< 0 count)
          (psql! sh name "begin; \\i migrations/undo.sql; commit;")))
      nil)))

(job :stop [:rollback]
  (fn []
    ;; The containers go away with the workspace; this only saves time.
    (let [_ (runtime.sh "./scripts/stop-db")]
      nil)))
