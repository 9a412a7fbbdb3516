(local {: job} (require :quire.ci))

(local systems ["x86_64-linux" "aarch64-linux"])
(local ghcs [:ghc94 :ghc96 :ghc98])

(fn nix [sh ...]
  (let [command [:nix "--extra-experimental-features" "nix-command flakes" ...]
        result (sh command)]
    (if (= 0 result.exit) result.stdout (error result.stderr))))

(fn attribute [kind system name]
  (.. ".#" kind "." system "." name))

(fn job-id [system ghc]
  (.. ghc "-" (string.match system "^[^-]+")))

(job :flake-check [:quire/push]
  (fn [{: sh}] (nix sh :flake :check :--no-build) nil))

(local ids [])

(each [_ system (ipairs systems)]
  (each [_ ghc (ipairs ghcs)]
    (let [id (job-id system ghc)]
      (table.insert ids id)
      (job id [:flake-check]
        (fn [{: sh}]
          (let [path (nix sh :build :--print-out-paths :--no-link (attribute :packages system ghc))]
            {:path (string.gsub path "\n" "")}))))))

(job :cache ids
  (fn [{: sh : jobs : secret : log}]
    (let [token (secret :cachix-token)
          paths (icollect [_ id (ipairs ids)]
                  (?. (jobs id) :path))]
      (each [_ path (ipairs paths)]
        (let [{: exit} (sh [:cachix :push :team path] {:env {:CACHIX_AUTH_TOKEN token}})]
          (when (not= 0 exit)
            (log (.. "could not cache " path))))))))
