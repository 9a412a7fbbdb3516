" quire in Vim with vim-lsp: copy this to ~/.vim/plugin/quire.vim.

" Finds the repository that a buffer belongs to.
function! s:root() abort
  let l:found = finddir('.quire', expand('%:p:h') . ';')
  return empty(l:found) ? '' : fnamemodify(l:found, ':p:h:h')
endfunction

" vim-lsp asks whether you trust a repository, but its answer does not reach the
" server. With 'trusted', the jobs of every repository run when you say so; without
" it, none do.
autocmd User lsp_setup call lsp#register_server({
      \ 'name': 'quire',
      \ 'cmd': {_ -> empty(s:root()) ? [] : ['quire-lsp']},
      \ 'allowlist': ['fennel'],
      \ 'root_uri': {_ -> lsp#utils#path_to_uri(s:root())},
      \ 'initialization_options': {'trusted': v:false},
      \ })

let g:lsp_show_message_log_level = 'info' " how runs went
let g:lsp_inlay_hints_enabled = 1         " when a job runs, and what needs it
let g:lsp_semantic_enabled = 1            " colours

" CTRL-X CTRL-O completes.
autocmd FileType fennel setlocal omnifunc=lsp#complete
