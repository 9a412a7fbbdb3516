; Calls every function that can be reached with values of every type. Returns how
; many there were, or the first error that is no error of the program.

(local {: walker} (require :walk))

; What reports an error also to those who catch it.
(local left-out {:macroexpand true :require true})

(fn [reach]
  (var (count broken) (values 0 nil))
  (let [functions []
        w (walker (fn [path value]
                    (when (and (= :function (type value)) (not (. left-out (string.match path "[^.]+$"))))
                      (tset functions (+ 1 (length functions)) [path value]))))
        arguments [1 -0.5 "x%" true [1 2] (fn [] nil)]]
    (reach w)
    (fn try [path f ...]
      (let [(ok e) (pcall f ...)]
        (when (and (not ok) (= :string (type e)) (string.find e "internal error" 1 true))
          (set broken (.. path ": " e)))))
    (each [_ [path f] (ipairs functions)]
      (set count (+ 1 count))
      (try path f)
      (each [_ a (ipairs arguments)]
        (try path f a)
        (each [_ b (ipairs arguments)]
          (try path f a b)))))
  (or broken count))
