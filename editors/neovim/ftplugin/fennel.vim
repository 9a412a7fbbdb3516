" How Fennel is edited. First what is as the server formats, also where Neovim has
" settings of its own for Fennel; then what Neovim had none of before 0.9.

setlocal expandtab shiftwidth=2 softtabstop=2
setlocal lispwords=fn,lambda,λ,macro,local,var,global,let,with-open,when,while,case,match,case-try,match-try
setlocal lispwords+=for,each,collect,icollect,fcollect,accumulate,faccumulate,do,doto,comment,eval-compiler,job

let b:undo_ftplugin = get(b:, 'undo_ftplugin', 'exe') . '|setlocal expandtab< shiftwidth< softtabstop< lispwords<'
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal lisp commentstring=;;\ %s comments=:;;;,:;;,:; formatoptions-=t formatoptions+=croql suffixesadd=.fnl,.fnlm
setlocal iskeyword=33,35-38,42,43,45-58,60-64,@,94,95,124,126

let b:undo_ftplugin .= ' lisp< commentstring< comments< formatoptions< suffixesadd< iskeyword<'
