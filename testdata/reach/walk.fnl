; Tells of everything that can be reached from a value: through the keys and
; values of tables, and through metatables. It works in programs and in macros.

; Some of its users spoil what is global.
(local {: next : type : tostring : pcall : getmetatable : ipairs : rawget} _G)
(local {: find} string)
(local {: sort} table)

(local inside {:table true :function true :thread true :userdata true})

(fn name [key]
  (if (. inside (type key)) (.. "<" (type key) ">") (tostring key)))

; What compiled code calls the global, where that is not its name.
(fn alias? [key]
  (and (= :string (type key)) (not= nil (find key "^__fnl_global__"))))

(fn before [a b]
  (if (= (alias? a) (alias? b)) (< (name a) (name b)) (alias? b)))

(fn keys [t]
  (let [all []]
    (var key (next t))
    (while (not= nil key)
      (tset all (+ 1 (length all)) key)
      (set key (next t key)))
    (sort all before)
    all))

; Tell is called with the path of each value and the value.
(fn walker [tell]
  (local seen {})
  (var visit nil)
  (fn meta [path value]
    (let [(ok mt) (pcall getmetatable value)]
      (when (and ok (not= nil mt)) (visit (.. path "<meta>") mt))))
  (fn entries [path t]
    (each [_ key (ipairs (keys t))]
      (let [value (rawget t key)
            at (.. path "." (name key))]
        (when (not (and (alias? key) (. seen value))) (visit at value))
        (when (. inside (type key)) (visit (.. at "<key>") key)))))
  (set visit
       (fn [path value]
         (tell path value)
         (when (and (. inside (type value)) (not (. seen value)))
           (tset seen value true)
           (when (= :table (type value)) (entries path value))
           (meta path value))))
  {: visit : meta})

{: walker : inside : keys}
