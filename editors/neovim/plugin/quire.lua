if vim.g.loaded_quire then
  return
end
vim.g.loaded_quire = true

if vim.fn.has('nvim-0.7') == 0 then
  vim.notify('quire needs Neovim 0.7 or newer.', vim.log.levels.ERROR)
  return
end

require('quire.commands').define()

local api = vim.api
local group = api.nvim_create_augroup('quire', {})

local function highlights()
  local links = {
    QuireLens = 'Comment',
    QuireSucceeded = vim.fn.hlexists('DiagnosticOk') == 1 and 'DiagnosticOk' or 'String',
    QuireFailed = 'DiagnosticError',
    QuireSkipped = 'Comment',
    QuireRunning = 'DiagnosticInfo',
    QuireQueued = 'Comment',
  }
  for name, link in pairs(links) do
    vim.cmd(('highlight default link %s %s'):format(name, link))
  end
end
highlights()
api.nvim_create_autocmd('ColorScheme', { group = group, callback = highlights })

api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'quire-run://*',
  callback = function(args)
    require('quire.documents').read_log(args.buf)
  end,
})

api.nvim_create_autocmd('DiagnosticChanged', {
  group = group,
  callback = function()
    require('quire.quickfix').diagnostics_changed()
  end,
})

if vim.fn.exists('##LspAttach') == 1 then
  local function of_quire(call)
    return function(args)
      local client = vim.lsp.get_client_by_id(args.data.client_id)
      if client and client.name == 'quire' then
        call(client, args.buf)
      end
    end
  end
  api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = of_quire(function(client, buf)
      require('quire.client').attached(client, buf)
    end),
  })
  api.nvim_create_autocmd('LspDetach', {
    group = group,
    callback = of_quire(function(client, buf)
      require('quire.lens').detach(buf, client.id)
    end),
  })
end
