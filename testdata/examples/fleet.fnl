;; Forty small services in one repository. A table says what each is made of; a
;; service is built, tested, scanned and rolled out, and only where its files or
;; what it depends on have changed.

(local ci (require :quire.ci))

;;; The services

(local services
  {:accounts  {:lang :go   :port 8001 :needs [:proto]}
   :billing   {:lang :go   :port 8002 :needs [:proto :money] :owners ["#payments"]}
   :catalog   {:lang :node :port 8003 :needs [:proto :ui]}
   :checkout  {:lang :node :port 8004 :needs [:proto :ui :money] :owners ["#payments" "#web"]}
   :mailer    {:lang :py   :port 8005 :needs [:proto]}
   :search    {:lang :rust :port 8006 :needs [:proto :index]}
   :suggest   {:lang :rust :port 8007 :needs [:index] :canary false}
   :warehouse {:lang :go   :port 8008 :needs [:proto :money]}})

(local libraries [:proto :money :ui :index])

(local regions
  [{:name :eu-west :wave 1}
   {:name :us-east :wave 2}
   {:name :ap-south :wave 2}])

;; How each language is built and tested; %s is the directory.
(local toolchains
  {:go   {:image "golang:1.26"   :build "go build -o out/%s ./%s" :test "go test -race ./%s/..."}
   :node {:image "node:24"       :build "npm --prefix %s run build" :test "npm --prefix %s test"}
   :py   {:image "python:3.14"   :build "python -m build %s" :test "python -m pytest %s"}
   :rust {:image "rust:1.91"     :build "cargo build --release -p %s" :test "cargo test -p %s"}})

;;; Small things

(fn sorted-keys [t]
  (let [keys (icollect [k _ (pairs t)] k)]
    (table.sort keys)
    keys))

(fn contains? [list item]
  (accumulate [found false _ x (ipairs list) &until found]
    (= x item)))

(fn fill [template name]
  (pick-values 1 (template:gsub "%%s" name)))

(fn job-name [step service ?region]
  (if ?region
      (.. step "-" service "-" ?region)
      (.. step "-" service)))

;;; Commands

(fn run [sh command ?options]
  (let [{: exit : stdout : stderr} (sh command ?options)]
    (if (= exit 0)
        stdout
        (error (.. (if (= (type command) :table) (table.concat command " ") command)
                   " exited with " exit "\n" stderr)
               0))))

(fn try [sh command times]
  "Run a command until it succeeds, at most so often."
  (var left times)
  (var result nil)
  (while (and (> left 0) (or (= result nil) (not= result.exit 0)))
    (set left (- left 1))
    (set result (sh command {:timeout "5m"})))
  result)

;;; What has changed

(fn paths-of [service]
  (let [{: needs} (. services service)]
    (icollect [_ lib (ipairs needs) &into [(.. "services/" service "/")]]
      (.. "libs/" lib "/"))))

(fn touched? [service push]
  (let [files push.files-changed]
    (if (or (= files nil) (= (length files) 0))
        true                            ; nothing is known: take everything
        (do
          (var hit false)
          (each [_ file (ipairs files) &until hit]
            (each [_ prefix (ipairs (paths-of service)) &until hit]
              (when (= (file:sub 1 (length prefix)) prefix)
                (set hit true))))
          hit))))

;;; Libraries come first

(each [_ lib (ipairs libraries)]
  (ci.job (job-name :lib lib) [:quire/push]
    (fn [{: sh}]
      (run sh ["make" "-C" (.. "libs/" lib) "all"] {:timeout 900})
      {:digest (-> (run sh ["sha256sum" (.. "libs/" lib "/out.tar")])
                   (string.sub 1 64))})))

;;; Each service

(fn build-service [service {: lang : needs}]
  (let [tools (. toolchains lang)
        inputs (icollect [_ lib (ipairs needs)] (job-name :lib lib))]
    (ci.job (job-name :build service) [:quire/push (unpack inputs)]
      (fn [{: sh : jobs : log}]
        (let [push (jobs :quire/push)]
          (if (not (touched? service push))
              (do (log (.. service " has not changed"))
                  {:skipped true})
              (let [tag (.. service ":" (push.sha:sub 1 12))]
                (run sh (fill tools.build service) {:env {:IMAGE tools.image}})
                (run sh ["docker" "build" "-t" tag (.. "services/" service)] {:timeout "20m"})
                {: tag :skipped false})))))))

(fn test-service [service {: lang : port}]
  (ci.job (job-name :test service) [(job-name :build service)]
    (fn [{: sh : jobs}]
      (let [{: skipped} (jobs (job-name :build service))]
        (when (not skipped)
          (run sh (fill (. toolchains lang :test) service)
               {:env {:PORT (tostring port) :CI_SERVICE service}}))
        {:ran (not skipped)}))))

(fn scan-service [service]
  (ci.job (job-name :scan service) [(job-name :build service)]
    (fn [{: sh : jobs : log}]
      (case (jobs (job-name :build service))
        {:skipped true} nil
        {: tag} (case (try sh ["trivy" "image" "--exit-code" "3" tag] 3)
                  {:exit 0} {:findings 0}
                  {:exit 3 : stdout} (do (log stdout)
                                         {:findings (length (icollect [_ (stdout:gmatch "CVE%-%d+")] 1))})
                  {: exit : stderr} (error (.. "scanning " tag ": " exit " " stderr) 0))))))

(fn roll-out [service region canary after]
  (ci.job (job-name :deploy service region.name) after
    (fn [{: sh : jobs : secret : log}]
      (let [push (jobs :quire/push)
            {: tag : skipped} (jobs (job-name :build service))]
        (if (or skipped (not= push.branch "main"))
            (log (.. "leaving " service " in " region.name " as it is"))
            (let [env {:KUBE_TOKEN (secret :kube-token) :REGION region.name}]
              (when canary
                (run sh ["deploy" "--canary" "5%" service tag] {: env})
                (run sh ["probe" service "--minutes" "10"] {: env :timeout 700}))
              (run sh ["deploy" service tag] {: env})
              {:live tag}))))))

(each [_ service (ipairs (sorted-keys services))]
  (let [about (. services service)
        first-wave (icollect [_ r (ipairs regions)] (when (= r.wave 1) (job-name :deploy service r.name)))
        checks [(job-name :test service) (job-name :scan service)]]
    (build-service service about)
    (test-service service about)
    (scan-service service)
    (each [_ region (ipairs regions)]
      (roll-out service region (not= about.canary false)
                (if (= region.wave 1) checks first-wave)))))

;;; Tell the owners

(ci.job :announce
  (let [all []]
    (each [_ service (ipairs (sorted-keys services))]
      (each [_ region (ipairs regions)]
        (when (= region.wave 2)
          (table.insert all (job-name :deploy service region.name)))))
    all)
  (fn [{: jobs : sh : log}]
    (let [channels {}]
      (each [service {: owners} (pairs services)]
        (let [live (?. (jobs (job-name :deploy service :us-east)) :live)]
          (when live
            (each [_ channel (ipairs (or owners ["#platform"]))]
              (let [lines (or (. channels channel) [])]
                (table.insert lines (.. service " → " live))
                (tset channels channel lines))))))
      (each [channel lines (pairs channels)]
        (log (.. channel ": " (length lines)))
        (run sh ["notify" channel (table.concat lines "\n")]))
      {:channels (sorted-keys channels)
       :payments (contains? (sorted-keys channels) "#payments")})))
