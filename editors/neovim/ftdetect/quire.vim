" Neovim knows .fnl; .fnlm are modules of macros.
autocmd BufRead,BufNewFile *.fnlm setfiletype fennel
