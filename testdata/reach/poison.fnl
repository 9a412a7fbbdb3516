; Spoils everything that can be reached from values: no field keeps its value, and
; no table its metatable. It works in programs and in macros.

(local {: walker : keys} (require :walk))
(local {: error : ipairs : pcall : rawget : rawset : setmetatable : type : select : string} _G)

(fn spoil [t]
  (each [_ key (ipairs (keys t))]
    (pcall rawset t key :POISON))
  (pcall rawset t :POISON :POISON)
  (pcall setmetatable t {:__index #:POISON :__newindex #nil :__tostring #:POISON}))

; Each argument is called with what a walker gives, and visits values.
(fn [...]
  (let [tables []
        w (walker (fn [_ value]
                    (when (= :table (type value))
                      (rawset tables (+ 1 (length tables)) value))))]
    (for [i 1 (select "#" ...)]
      ((pick-values 1 (select i ...)) w))
    (each [_ t (ipairs tables)] (spoil t))
    (when (not= :POISON (rawget string :upper)) (error "nothing was spoilt"))))
