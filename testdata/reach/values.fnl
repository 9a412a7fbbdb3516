; Values of every type and from every function that makes one, which no name
; leads to.

(fn [visit meta modules]
  (fn each-of [path ...]
    (for [i 1 (select "#" ...)]
      (visit (.. path "." i) (pick-values 1 (select i ...)))))
  (meta "(nil)" nil)
  (meta "(boolean)" true)
  (meta "(number)" 1)
  (meta "(string)" "")
  (visit "(function)" (fn []))
  (visit "(thread)" (coroutine.create (fn [])))
  (visit "(running)" ((coroutine.wrap coroutine.running)))
  (visit "(wrap)" (coroutine.wrap (fn [])))
  (each-of "(pairs)" (pairs []))
  (each-of "(ipairs)" (ipairs []))
  (each-of "(gmatch)" (string.gmatch "a" "a"))
  (each-of "(codes)" (utf8.codes "a"))
  (visit "(date)" (os.date :*t))
  (visit "(pack)" (table.pack nil))
  (let [f fennel]
    (visit "(list)" (f.list (f.sym :a)))
    (visit "(sequence)" (f.sequence 1))
    (visit "(sym)" (f.sym :a))
    (visit "(comment)" (f.comment "; a"))
    (visit "(varg)" (f.varg))
    (visit "(ast-source)" (f.ast-source (f.list)))
    (visit "(ast-source of nothing)" (f.ast-source 1))
    (visit "(multi-sym)" (f.multi-sym? "a.b"))
    (visit "(version)" (f.runtime-version true))
    (each-of "(stream)" (f.string-stream "(a)"))
    (each-of "(granulate)" (f.granulate #nil))
    (each-of "(search)" (f.search-module :walk))
    (let [read (f.parser "(a [1] {:b 2} \"c\" ... ;d\n)" :name {:comments true})]
      (visit "(parser)" read)
      (each-of "(code)" (read)))
    (each-of "(eval)" (f.eval "(values _G (fn []) ...)" {} 1))
    (f.eval "(macro m [] (set _G.seen-by-macro 1) nil) (m)")
    (visit "(eval in a table)" (f.eval "(fn [] x)" {:env {:x 1}}))
    (f.metadata:set each-of :fnl/docstring "a")
    (visit "(metadata)" (f.metadata:get each-of :fnl/docstring)))
  (each [_ name (ipairs modules)]
    (visit (.. "(" name ")") (require name))))
