-- :checkhealth quire
local client = require('quire.client')

local M = {}

local health = vim.health or {}
local start = health.start or health.report_start or vim.fn['health#report_start']
local ok = health.ok or health.report_ok or vim.fn['health#report_ok']
local info = health.info or health.report_info or vim.fn['health#report_info']
local warn = health.warn or health.report_warn or vim.fn['health#report_warn']
local err = health.error or health.report_error or vim.fn['health#report_error']

local function check_neovim()
  local v = vim.version()
  local text = ('Neovim %d.%d.%d'):format(v.major, v.minor, v.patch)
  if vim.fn.has('nvim-0.10') == 1 then
    ok(text)
  elseif vim.fn.has('nvim-0.7') == 1 then
    warn(text .. ': works, without colours by meaning and inlay hints', { 'Neovim 0.10 and newer have them.' })
  else
    err(text .. ' is too old', { 'Neovim 0.7 is the oldest that works, 0.10 the oldest that has everything.' })
  end
end

local function check_server()
  local why, cmd = client.missing(), client.command()
  if why then
    err(why, { 'In a clone of quire: go install ./cmd/...', 'The directory of Go programs has to be in PATH.' })
    return
  end
  if type(cmd) ~= 'table' then
    info('the server is started by a function')
    return
  end
  local version = vim.fn.system({ cmd[1], '--version' })
  if vim.v.shell_error == 0 then
    ok(('%s: %s'):format(vim.fn.exepath(cmd[1]), vim.trim(version)))
  else
    err(('%s --version fails: %s'):format(cmd[1], vim.trim(version)), { 'Is it the language server of quire?' })
  end
end

local function check_git()
  if vim.fn.executable('git') == 1 then
    ok(vim.trim(vim.fn.system({ 'git', '--version' })))
  else
    err('git is not in PATH', { 'Jobs run in a copy that git makes.' })
  end
end

local function check_pipeline()
  local running = client.all()
  for _, c in ipairs(running) do
    ok(('the server runs for %s'):format(client.root_of(c) or 'no directory'))
  end
  if #running > 0 then
    return
  end
  local root = client.root(vim.fn.getcwd())
  if not root then
    info('the server does not run: no directory .quire at or above ' .. vim.fn.getcwd())
  elseif vim.lsp.enable and not (vim.lsp.is_enabled and vim.lsp.is_enabled('quire')) then
    warn('the server does not run and is not enabled', { "Call require('quire').setup() or vim.lsp.enable('quire')." })
  else
    info(('the server does not run: open %s/.quire/ci.fnl'):format(root))
  end
end

function M.check()
  start('quire')
  check_neovim()
  check_server()
  check_git()
  check_pipeline()
end

return M
