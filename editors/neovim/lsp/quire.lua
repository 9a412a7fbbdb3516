-- For vim.lsp.enable('quire'), of Neovim 0.11 and newer.
return require('quire.client').config()
