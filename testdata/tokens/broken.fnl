;; Every kind of token, in a file that does not read.
(local {: job : image &as ci} (require :quire.ci))
(local {: runtime} ci)
(import-macros {: defrun} :quire.ci)
(var counter 0)
(macro twice [form] "Does it twice." `(do ,form ,form))
(fn helper [run text ?more ...]
  "Runs a text,
  and tells of it."
  (let [{: stdout &as result} (run text ...)]
    (set counter (+ counter 1 0xff -1.5e3 .inf))
    (if (and (not= result.exit 0) true) nil (stdout:gsub "\"a\n" #(.. $1 $...)))))
(ci.image "golang:1.26")
(job "é𝄞 build" [:quire/push] (fn [{: sh : secret}]
  (twice (sh [:make (secret :token)] {:env {:A "b"} "cwd" :x :timeout 90}))
  {:size (length "x") :when (os.time)}))
(job :after ["é𝄞 build" :quire/push :missing]
  (defrun [sh jobs]
    (each [k v (pairs (jobs "é𝄞 build")) &until (= k :size)]
      (print (string.format "%s" v) runtime.env _G math.pi ci.job))
    (-> (jobs :quire/push) (. :sha) (helper))))
(lambda λ2 [x] (unknown x.y.z x:method))
(job :open [:after (fn [] (let [a 1 b] "never closed
(table 1 ]} 08x a..b "closed"
