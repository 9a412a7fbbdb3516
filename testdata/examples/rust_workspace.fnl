;; A Rust workspace with one job per crate and one per target triple.

(local ci (require :quire.ci))

(ci.image "rust:1.80")

(local crates [:core :parser :cli])
(local targets {:linux :x86_64-unknown-linux-musl
                :mac :aarch64-apple-darwin
                :windows :x86_64-pc-windows-gnu})

(fn cargo [runtime ...]
  (let [result (runtime.sh [:cargo ...])]
    (when (not= result.exit 0)
      (error (.. "cargo failed:\n" result.stderr)))
    result.stdout))

(ci.job :fmt [:quire/push]
  (fn [runtime] (cargo runtime :fmt :--all :--check) nil))

(each [_ crate (ipairs crates)]
  (ci.job (.. :check- crate) [:quire/push]
    (fn [runtime]
      (cargo runtime :clippy :-p crate :-- :-D :warnings)
      nil))
  (ci.job (.. :test- crate) [(.. :check- crate)]
    (fn [runtime]
      (cargo runtime :test :-p crate)
      {: crate :passed true})))

(local tests (icollect [_ crate (ipairs crates)] (.. :test- crate)))

(ci.job :tested [:fmt (unpack tests)]
  (fn [{: jobs : log}]
    (each [_ name (ipairs tests)]
      (let [outputs (jobs name)]
        (log (.. outputs.crate " is fine"))))
    {:crates (length tests)}))

(each [os triple (pairs targets)]
  (ci.job (.. :release- os) [:tested]
    (fn [runtime]
      (cargo runtime :build :--release :--target triple)
      {:path (.. "target/" triple "/release/cli")})))
