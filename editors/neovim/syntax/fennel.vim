" Colours of Fennel that need no server; those of the server, which knows what a
" name means, come on top of them.

if exists('b:current_syntax')
  finish
endif

" A symbol ends where a blank or a delimiter is.
syntax match fennelSymbol /[^][(){}"'`,; \t]\+/ contains=NONE
syntax match fennelNumber /\%(^\|[][(){} \t]\)\@1<=[-+]\?\d[0-9_]*\%(\.[0-9_]*\)\?\%([eE][-+]\?\d\+\)\?\ze\%([][(){} \t;]\|$\)/
syntax match fennelNumber /\%(^\|[][(){} \t]\)\@1<=[-+]\?0[xX][0-9a-fA-F_.]\+\ze\%([][(){} \t;]\|$\)/
syntax match fennelString /\%(^\|[][(){} \t`,]\)\@1<=:[^][(){}"'`,; \t]\+/
syntax region fennelString start=/"/ skip=/\\\\\|\\"/ end=/"/ contains=fennelEscape
syntax match fennelEscape /\\\%(\d\{1,3}\|x\x\x\|u{\x\+}\|.\)/ contained
syntax match fennelComment /;.*$/ contains=fennelTodo,@Spell
syntax keyword fennelTodo TODO FIXME XXX NOTE contained
syntax keyword fennelConstant nil true false

syntax match fennelForm /(\@1<=[^][(){}"'`,; \t]\+/ contains=fennelSpecial
syntax match fennelSpecial /\%(->>\?\|-?>>\?\|?\.\|\.\.\|λ\|#\|=\|[<>]=\?\|[-+*/%^.]\|\/\/\)\ze\%([ \t)]\|$\)/ contained
syntax keyword fennelSpecial contained accumulate and assert-repl band bnot bor bxor case case-try collect comment
syntax keyword fennelSpecial contained do doto each eval-compiler faccumulate fcollect fn for global hashfn
syntax keyword fennelSpecial contained icollect if import-macros include lambda length let local lshift lua macro
syntax keyword fennelSpecial contained macrodebug macros match match-try not not= or partial pick-args pick-values
syntax keyword fennelSpecial contained quote require-macros rshift set set-forcibly! tail! tset unquote values var when while with-open

highlight default link fennelNumber Number
highlight default link fennelString String
highlight default link fennelEscape SpecialChar
highlight default link fennelComment Comment
highlight default link fennelTodo Todo
highlight default link fennelConstant Constant
highlight default link fennelForm Function
highlight default link fennelSpecial Keyword

let b:current_syntax = 'fennel'
