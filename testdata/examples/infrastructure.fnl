;; Plan on every push; apply on main, and only what was planned.

(local {: job} (require :quire.ci))

(local environments [:staging :production])

(fn terraform [{: sh : secret} environment ...]
  "Run terraform in the directory of an environment."
  (sh [:terraform (.. "-chdir=infra/" environment) ...]
      {:env {:TF_IN_AUTOMATION "1"
             :TF_VAR_token (secret (.. environment "-token"))}
       :timeout "20m"}))

(fn checked [result]
  (if (= 0 result.exit)
      result
      (error (.. result.cmd ":\n" result.stderr) 0)))

(fn on-main? [jobs]
  (let [{: branch} (jobs :quire/push)]
    (= branch :main)))

(each [_ environment (ipairs environments)]
  (job (.. :validate- environment) [:quire/push]
    (fn [runtime]
      (checked (terraform runtime environment :init :-input=false))
      (checked (terraform runtime environment :validate))
      nil))

  (job (.. :plan- environment) [(.. :validate- environment)]
    (fn [runtime]
      (let [plan (terraform runtime environment :plan :-detailed-exitcode :-out=plan.bin)]
        (match plan.exit
          0 {:changes false}
          2 {:changes true :plan "plan.bin"}
          _ (error plan.stderr))))))

(fn apply [environment]
  (fn [{: jobs : log &as runtime}]
    (let [{: changes : plan} (jobs (.. :plan- environment))]
      (if (not (on-main? jobs)) (log "not on main")
          (not changes) (log "nothing to change")
          (do (checked (terraform runtime environment :apply plan))
              {:applied true})))))

(job :apply-staging [:plan-staging] (apply :staging))
(job :apply-production [:plan-production :apply-staging] (apply :production))
