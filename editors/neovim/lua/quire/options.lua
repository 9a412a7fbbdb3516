-- What the user sets.
local M = {}

M.defaults = {
  -- Command of the language server.
  cmd = { 'quire-lsp' },
  -- Where the server is started, in repositories that have a pipeline.
  -- Of Lua, that is the modules below .quire.
  filetypes = { 'fennel', 'lua' },
  -- Run jobs without asking whether the repository is trusted.
  trusted = false,
  -- Settings of the server; `quire-lsp --help` lists them.
  settings = {},
  -- Draw lenses and results. Off, they are left to Neovim's own lenses.
  lens = true,
  -- Open the log of a run: 'failure', 'start' or false, which is only when asked.
  log = 'failure',
  -- Put what failed into the quickfix list.
  quickfix = true,
  -- Say how a run went that did not fail; the server says when one did.
  notify = true,
  -- Height of the window for logs, plans and graphs, in lines.
  height = 12,
}

local current = M.defaults

local logs = { failure = true, start = true, [false] = true }

-- set takes over what setup() was given. What is wrong with it is an error that
-- names the option.
function M.set(given)
  given = given or {}
  for name, value in pairs(given) do
    local default = M.defaults[name]
    if default == nil then
      local known = vim.tbl_keys(M.defaults)
      table.sort(known)
      error(("quire: there is no option '%s'; the options are %s"):format(name, table.concat(known, ', ')), 0)
    end
    if name == 'log' then
      if not logs[value] then
        error(("quire: log: expected 'failure', 'start' or false, got %s"):format(vim.inspect(value)), 0)
      end
    elseif type(value) ~= type(default) then
      error(('quire: %s: expected a %s, got %s'):format(name, type(default), vim.inspect(value)), 0)
    end
  end
  current = vim.tbl_extend('force', M.defaults, given)
end

function M.get()
  return current
end

return M
