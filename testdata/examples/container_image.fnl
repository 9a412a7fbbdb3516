;; The first dialect: primitives live on the module itself.
(local ci (require :quire.ci))

(local registry "registry.example.com/team")
(local images [:api :worker :migrate])

(fn docker [arguments options]
  (let [command (icollect [_ a (ipairs arguments) &into [:docker]] a)
        {: exit : stderr} (ci.sh command options)]
    (when (not= exit 0)
      (error (.. (table.concat command " ") ": " stderr)))))

(fn tag [image version]
  (.. registry "/" image ":" version))

(fn version []
  (let [{: stdout} (ci.sh ["git" "describe" "--always" "--dirty"])]
    (stdout:match "^%S+")))

(ci.job :login [:quire/push]
  (fn []
    (let [{: exit} (ci.sh "docker login -u ci --password-stdin registry.example.com <<< \"$PASSWORD\""
                          {:env {:PASSWORD (ci.secret :registry-password)}})]
      (when (not= exit 0)
        (error "cannot log in")))))

(each [_ image (ipairs images)]
  (ci.job image [:login]
    (fn []
      (let [name (tag image (version))]
        (docker [:build :--pull :-t name (.. "images/" image)])
        (docker [:push name])
        {: name}))))

(ci.job :scan images
  (fn []
    (each [_ image (ipairs images)]
      (let [scan (ci.sh [:trivy :image :--exit-code :1 (tag image (version))])]
        (when (= scan.exit 1)
          (print (.. image " has known vulnerabilities"))
          (print scan.stdout))))
    nil))
