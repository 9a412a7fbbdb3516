; Tells of all that can be reached, at compile time and then, with the values of
; what is no table or function, and of what functions give that could depend on
; what ran before.

(local lines [])
(fn tell [path value]
  (let [text (case (type value)
               :string (.. " " (string.format "%q" value))
               :number (if (string.find path "^%(date%)") "" (.. " " value))
               :boolean (.. " " (tostring value)))]
    (tset lines (+ 1 (length lines)) (.. path " " (type value) (or text "")))))
(local {: visit : meta} ((. (require :walk) :walker) tell))

(fn [modules]
  (visit :_G _G)
  (when modules
    ((require :values) visit meta modules)
    (tell :random (math.random))
    (tell :method (: "x" :upper))
    (tell :concatenated (.. 1 "x"))
    (tell :added (+ "1" 2))
    (tell :doc ((. (require :fennel) :doc) require :require))
    (tell :evaluated ((. (require :fennel) :eval) "(macro m [x] `(string.upper ,x)) (m :x)"))
    (tell :viewed ((. (require :fennel) :view) {:a [1]}))
    (let [lib (require :lib)]
      (tell :counted (lib.count))
      (visit :lib lib)))
  lines)
