" Forms are indented as in other Lisps: 'lisp' does it.

if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal autoindent nosmartindent lisp
let b:undo_indent = 'setlocal autoindent< smartindent< lisp<'
