;; Stands for the test library of the reference's suite: it keeps what came of
;; each assertion instead of ending a test at the first that fails.
(local {: view} (require :fennel))
(local results [])

;; A result is true, or what was wanted and what there was.
(fn record [ok expected got ?message]
  (table.insert results
                (or (not (not ok))
                    (.. (if ?message (.. (tostring ?message) ": ") "")
                        "want " expected ", got " (view got {:one-line? true}))))
  ok)

(fn same? [a b]
  (if (= a b) true
      (or (not= (type a) :table) (not= (type b) :table)) false
      (and (accumulate [ok true k v (pairs a)] (and ok (same? v (. b k))))
           (accumulate [ok true k _ (pairs b)] (and ok (not= nil (. a k)))))))

(fn shown [v] (view v {:one-line? true}))

(fn matching? [pattern s] (and (= (type s) :string) (not= nil (s:match pattern))))

(fn raises [pattern f ?message]
  (let [(ok e) (pcall f)]
    (record (and (not ok) (not= nil (string.match (if (= (type e) :string) e (view e)) pattern)))
            (.. "error " pattern) e ?message)))

{:= (fn [want got ?message] (record (same? want got) (shown want) got ?message))
 :not= (fn [want got ?message] (record (not (same? want got)) (.. "not " (shown want)) got ?message))
 :is (fn [got ?message] (record got :true got ?message))
 :match (fn [pattern got ?message] (record (matching? pattern got) pattern got ?message))
 :not-match (fn [pattern got ?message] (record (not (matching? pattern got)) (.. "not " pattern) got ?message))
 :error raises
 :skip (fn [] nil)
 :identical (fn [want got ?message] (record (rawequal want got) (shown want) got ?message))
 : results}
