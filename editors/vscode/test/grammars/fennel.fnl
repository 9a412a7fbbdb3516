#!/usr/bin/env fennel
;<-- comment.line.shebang
;; A comment (with :a "string" in it).
;<----------------------------------- comment.line !string
(local {: job} (require :quire.ci)) ; after it
;^^^^^ storage.type
;      ^ punctuation.section.table.begin
;       ^ keyword.operator.binding !string
;         ^^^ variable.other
;            ^ punctuation.section.table.end
;               ^^^^^^^ keyword.control.import
;                       ^^^^^^^^^ string.other.key
;                       ^ punctuation.definition.string.key
;                                ^^ punctuation.section.list.end
;                                   ^^^^^^^^^^ comment.line

(job :build [:quire/push]
;<- punctuation.section.list.begin
;^^^ entity.name.function.call
;    ^^^^^^ string.other.key
;           ^ punctuation.section.sequence.begin
;            ^^^^^^^^^^^ string.other.key
;                       ^ punctuation.section.sequence.end
  (fn run [{:sh run : jobs} ?name & rest]
;  ^^ storage.type.function
;     ^^^ entity.name.function !entity.name.function.call
;           ^^^ string.other.key
;               ^^^ variable.other
;                           ^^^^^ variable.parameter.optional
;                                 ^ keyword.other
;                                   ^^^^ variable.other
    (let [{: exit &as all} (sh "echo \"a\"\n; not a comment")]
;    ^^^ storage.type
;                 ^^^ keyword.other
;                           ^^ entity.name.function.call
;                              ^ punctuation.definition.string.begin
;                               ^^^^ string.quoted.double !constant
;                                    ^^ constant.character.escape
;                                        ^^ constant.character.escape
;                                          ^^^^^^^^^^^^^^^ string.quoted.double !comment
;                                                          ^ punctuation.definition.string.end
      (when (not= exit 0) nil))))
;      ^^^^ keyword.control
;            ^^^^ keyword.operator
;                 ^^^^ variable.other
;                      ^ constant.numeric
;                         ^^^ constant.language
[1 -2.5 .5 3. 1_000 0xFF 0x1.8p3 1e9 -1e-9 .inf -.nan a1 -x 1+ -]
;<- !constant.numeric
;^ constant.numeric
;  ^^^^ constant.numeric
;       ^^ constant.numeric
;          ^^ constant.numeric
;             ^^^^^ constant.numeric
;                   ^^^^ constant.numeric
;                        ^^^^^^^ constant.numeric
;                                ^^^ constant.numeric
;                                    ^^^^^ constant.numeric
;                                          ^^^^ constant.numeric
;                                               ^^^^^ constant.numeric
;                                                     ^^ variable.other !constant
;                                                        ^^ variable.other !constant
;                                                           ^^ variable.other !constant
;                                                              ^ variable.other !constant
[1;one
;^ constant.numeric
; ^^^^ comment.line
 true;yes
;^^^^ constant.language
;    ^^^^ comment.line
 truely nil-able true]
;^^^^^^ variable.other !constant
;       ^^^^^^^^ variable.other !constant
;                ^^^^ constant.language
"one line
;<-------- string.quoted.double
another; line"
;<------------- string.quoted.double !comment
"\u{1F600} \x41 \065 \q"
;^^^^^^^^^ constant.character.escape
;          ^^^^ constant.character.escape
;               ^^^^ constant.character.escape
;                    ^^ invalid.illegal.escape
(#(+ $1 $2 $...) `(,x 'y) ... _G.x $x)
;^ keyword.operator.prefix
;  ^ keyword.operator
;    ^^ variable.language
;       ^^ variable.language
;          ^^^^ variable.language
;                ^ keyword.operator.prefix
;                  ^ keyword.operator.prefix
;                   ^ variable.other
;                     ^ keyword.operator.prefix
;                         ^^^ variable.language
;                             ^^ variable.language
;                                  ^^ variable.other !variable.language
(-> x (. :a) (?. :b) (: :c) (.. "d") (- 1) (-x 1) (<= 1) (and) (/ 1) (// 1))
;^^ keyword.operator
;      ^ keyword.operator
;        ^^ string.other.key
;             ^^ keyword.operator
;                     ^ keyword.operator !string
;                            ^^ keyword.operator
;                                     ^ keyword.operator
;                                           ^^ entity.name.function.call !keyword
;                                                  ^^ keyword.operator
;                                                         ^^^ keyword.operator
;                                                               ^ keyword.operator
;                                                                     ^^ keyword.operator
(λ [] 1) (macro m [] `nil) (fnord x) (string.format "%d" 1) (s:upper) (true) (1)
;^ storage.type.function
;         ^^^^^ storage.type.function
;               ^ entity.name.function
;                    ^ keyword.operator.prefix
;                     ^^^ constant.language
;                           ^^^^^ entity.name.function.call !storage
;                                     ^^^^^^^^^^^^^ entity.name.function.call
;                                                            ^^^^^^^ entity.name.function.call
;                                                                      ^^^^ constant.language
;                                                                             ^ constant.numeric
