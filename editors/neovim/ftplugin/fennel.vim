" What editing Fennel needs, for a Neovim that brings none of it.

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=;;\ %s
setlocal comments=:;;;,:;;,:;
setlocal formatoptions-=t formatoptions+=croql
setlocal suffixesadd=.fnl,.fnlm
setlocal iskeyword=33,35-38,42,43,45-58,60-64,@,94,95,124,126
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal lisp
setlocal lispwords=accumulate,case,case-try,collect,do,doto,each,eval-compiler,faccumulate,fcollect,fn,for,icollect,lambda,let,macro,macros,match,match-try,when,while,with-open

let b:undo_ftplugin = 'setlocal commentstring< comments< formatoptions< suffixesadd< iskeyword<'
      \ . ' expandtab< shiftwidth< softtabstop< lisp< lispwords<'
