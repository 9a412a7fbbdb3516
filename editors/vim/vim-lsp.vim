" quire in Vim with vim-lsp: copy this to ~/.vim/plugin/quire.vim.

" Finds the repository that a buffer belongs to.
function! s:root() abort
  let l:found = finddir('.quire', expand('%:p:h') . ';')
  return empty(l:found) ? '' : fnamemodify(l:found, ':p:h:h')
endfunction

autocmd User lsp_setup call lsp#register_server({
      \ 'name': 'quire',
      \ 'cmd': {_ -> empty(s:root()) ? [] : ['quire-lsp']},
      \ 'allowlist': ['fennel'],
      \ 'root_uri': {_ -> lsp#utils#path_to_uri(s:root())},
      \ 'initialization_options': {'trusted': v:false},
      \ })

" Before jobs run, the server asks whether you trust the repository. 'trusted'
" says so for all.
let g:lsp_show_message_request_enabled = 1
let g:lsp_show_message_log_level = 'info' " how runs went
let g:lsp_inlay_hints_enabled = 1         " when a job runs, and what needs it
let g:lsp_semantic_enabled = 1            " colours

" CTRL-X CTRL-O completes.
autocmd FileType fennel setlocal omnifunc=lsp#complete
