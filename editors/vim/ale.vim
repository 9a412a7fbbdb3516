" quire in Vim with ALE: copy this to ~/.vim/plugin/quire.vim.

" Finds the repository that a buffer belongs to. Without a pipeline there is
" none, and the server does not start.
function! s:root(buffer) abort
  let l:found = finddir('.quire', fnamemodify(bufname(a:buffer), ':p:h') . ';')
  return empty(l:found) ? '' : fnamemodify(l:found, ':p:h:h')
endfunction

" ALE cannot ask whether you trust a repository. With 'trusted', the jobs of
" every repository run when you say so; without it, none do.
call ale#linter#Define('fennel', {
      \ 'name': 'quire',
      \ 'lsp': 'stdio',
      \ 'executable': 'quire-lsp',
      \ 'command': '%e',
      \ 'project_root': function('s:root'),
      \ 'initialization_options': {'trusted': v:false},
      \ })

" How runs went.
let g:ale_lsp_show_message_severity = 'information'

" :ALEFix formats.
call ale#fix#registry#Add('quire', 'QuireFormat', ['fennel'], 'Format Fennel with quire')
function! QuireFormat(buffer) abort
  return {'command': 'quire fmt -'}
endfunction
let g:ale_fixers = extend({'fennel': ['quire']}, get(g:, 'ale_fixers', {}))

" CTRL-X CTRL-O completes.
autocmd FileType fennel setlocal omnifunc=ale#completion#OmniFunc
