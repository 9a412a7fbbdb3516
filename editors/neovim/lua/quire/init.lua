-- quire in Neovim: see :help quire.
local M = {}

-- setup starts the language server for the pipelines that are opened. Its
-- options are those of lua/quire/options.lua.
function M.setup(opts)
  local options, client = require('quire.options'), require('quire.client')
  options.set(opts)
  if vim.lsp.enable then
    vim.lsp.enable('quire')
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('quire.start', {}),
    pattern = options.get().filetypes,
    callback = function(args)
      client.attach(args.buf)
    end,
  })
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buf) and vim.tbl_contains(options.get().filetypes, vim.bo[buf].filetype) then
      client.attach(buf)
    end
  end
end

-- statusline returns what runs, or how the last run went, for a status line.
function M.statusline()
  return require('quire.runs').status()
end

-- jobs returns the names of the jobs of the pipeline of the current buffer.
function M.jobs()
  return require('quire.commands').complete_jobs('')
end

return M
