-- What the server shows: logs, which it serves as documents and which follow
-- their runs, the plan of a dry run, and the graph. All of it opens in one window
-- at the bottom, and q closes that.
local client = require('quire.client')
local options = require('quire.options')

local api = vim.api
local M = {}

-- wanted means that the user asked for what is shown next.
local wanted = false

-- asked gives what is shown next the focus. The server shows the log of a run
-- that failed by itself too.
function M.asked()
  wanted = true
end

-- The URI of a log is quire-run:/RUN/JOB.log. Vim takes a name for that of no
-- file when it has two slashes, as the same URI has with an empty authority.
local function name_of(uri)
  return (uri:gsub('^quire%-run:/+', 'quire-run:///'))
end

local function uri_of(name)
  return (name:gsub('^quire%-run:/+', 'quire-run:/'))
end

-- window returns the window for what is shown, and makes it when there is none.
local function window()
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if pcall(api.nvim_win_get_var, win, 'quire') then
      return win
    end
  end
  local before = api.nvim_get_current_win()
  vim.cmd(('botright %dsplit'):format(options.get().height))
  local win = api.nvim_get_current_win()
  api.nvim_win_set_var(win, 'quire', true)
  api.nvim_set_current_win(before)
  return win
end

-- look are the options of the window.
local look = {
  number = false,
  relativenumber = false,
  signcolumn = 'no',
  spell = false,
  list = false,
  wrap = false,
  winfixheight = true,
  fillchars = 'eob: ',
  statusline = " %{get(b:, 'quire_title', 'quire')}%=%l/%L ",
}

-- open shows a buffer in the window.
local function open(buf, title, focus)
  vim.b[buf].quire_title = title
  local win = window()
  api.nvim_win_set_buf(win, buf)
  for name, value in pairs(look) do -- they belong to the buffer in the window
    vim.wo[win][name] = value
  end
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, nowait = true, desc = 'Close' })
  if focus then
    api.nvim_set_current_win(win)
  end
  return win
end

-- replace makes lines the text of a buffer and touches only what differs, so that
-- cursors and what is looked at stay. A window that was at the end stays there.
local function replace(buf, lines)
  local before = api.nvim_buf_get_lines(buf, 0, -1, false)
  local same = 0
  while same < #before and same < #lines and before[same + 1] == lines[same + 1] do
    same = same + 1
  end
  local behind = 0
  while behind < #before - same and behind < #lines - same and before[#before - behind] == lines[#lines - behind] do
    behind = behind + 1
  end
  if same == #before and same == #lines then
    return
  end
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, same, #before - behind, false, vim.list_slice(lines, same + 1, #lines - behind))
  vim.bo[buf].modifiable, vim.bo[buf].modified = false, false
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    if api.nvim_win_get_cursor(win)[1] >= #before then
      api.nvim_win_set_cursor(win, { #lines, 0 })
    end
  end
end

local function split(text)
  return vim.split((text:gsub('\n$', '')), '\n')
end

local function scratch(buf, filetype)
  vim.bo[buf].buftype, vim.bo[buf].swapfile, vim.bo[buf].modifiable = 'nofile', false, false
  vim.bo[buf].filetype = filetype
end

-- read_log fills the buffer of a log.
function M.read_log(buf)
  local c = client.by_id(vim.b[buf].quire_client or -1) or client.all()[1]
  scratch(buf, 'quire-log')
  if not c then
    replace(buf, { 'The language server that has this log is not running.' })
    return
  end
  local uri = uri_of(api.nvim_buf_get_name(buf))
  client.request(c, 'workspace/textDocumentContent', { uri = uri }, function(result)
    if api.nvim_buf_is_loaded(buf) then
      replace(buf, split(result.text))
    end
  end, function(message)
    if api.nvim_buf_is_loaded(buf) then
      replace(buf, { message })
    end
  end)
end

-- refresh brings a log up to date, if it is open.
function M.refresh(uri)
  local buf = vim.fn.bufnr('^' .. vim.fn.escape(name_of(uri), '[]*?{},\\') .. '$')
  if buf ~= -1 and api.nvim_buf_is_loaded(buf) then
    M.read_log(buf)
  end
end

local function open_log(uri, client_id, focus)
  local buf = vim.fn.bufadd(name_of(uri))
  vim.b[buf].quire_client = client_id
  local run, job = uri:match('^quire%-run:/+([^/]+)/(.+)%.log$')
  run = run or uri:match('^quire%-run:/+(.+)%.log$')
  local short = run:sub(1, 11) .. '…'
  local title = job
      and ('log of %s in run %s'):format((job:gsub('%%(%x%x)', function(hex)
        return string.char(tonumber(hex, 16))
      end)), short)
    or 'log of run ' .. short
  local win = open(buf, title, focus)
  if vim.fn.bufloaded(buf) == 1 then
    M.read_log(buf)
  end
  return win
end

-- show_log shows the log of a run, which may be under way.
function M.show_log(run, job, client_id)
  local win = open_log(('quire-run:/%s%s.log'):format(run, job and '/' .. job or ''), client_id, false)
  api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(api.nvim_win_get_buf(win)), 0 })
end

-- show shows a document as the server asks, and reports whether it could.
function M.show(uri, client_id)
  local focus = wanted
  wanted = false
  if vim.startswith(uri, 'quire-run:') then
    if focus or options.get().log then
      open_log(uri, client_id, focus)
    end
    return true
  end
  local buf = vim.fn.bufadd(vim.uri_to_fname(uri))
  vim.fn.bufload(buf)
  scratch(buf, 'quire-log')
  open(buf, vim.fn.fnamemodify(vim.uri_to_fname(uri), ':t:r'):gsub('^.*%-(%w+)$', '%1'), focus)
  return true
end

local filetypes = { text = 'quire-graph', mermaid = 'mermaid', dot = 'dot', svg = 'svg' }

-- draw_graph puts the graph of a repository into a buffer.
local function draw_graph(buf, done)
  local g = vim.b[buf].quire_graph
  local c = client.by_id(g.client)
  if not c then
    return
  end
  client.request(c, 'workspace/executeCommand', {
    command = 'quire.graph',
    arguments = { { uri = client.pipeline(g.root), format = g.format, quiet = true } },
  }, function(result)
    if api.nvim_buf_is_loaded(buf) then
      replace(buf, split(result.text))
    end
    if done then
      done()
    end
  end)
end

-- open_pipeline has the server look after the pipeline of a repository.
local function open_pipeline(c, root)
  local path = root .. '/.quire/ci.fnl'
  if vim.fn.filereadable(path) == 0 then
    return -- which the server says, too
  end
  local buf = vim.fn.bufadd(path)
  vim.fn.bufload(buf)
  if not vim.lsp.buf_is_attached(buf, c.id) then
    vim.lsp.buf_attach_client(buf, c.id)
  end
end

-- graph shows the graph of the jobs, which follows their runs.
function M.graph(format)
  format = format or 'text'
  if not filetypes[format] then
    client.warn(('graph: expected text, mermaid, dot or svg, got %s.'):format(format))
    return
  end
  local c, root = client.here()
  if not c then
    return
  end
  open_pipeline(c, root)
  local name = ('quire-graph://%s/%s'):format(root, format)
  local buf = vim.fn.bufadd(name)
  vim.fn.bufload(buf)
  vim.b[buf].quire_graph = { client = c.id, root = root, format = format }
  scratch(buf, filetypes[format])
  vim.keymap.set('n', '<CR>', M.to_job, { buffer = buf, desc = 'Go to the job under the cursor' })
  draw_graph(buf, function()
    open(buf, 'graph of ' .. vim.fn.fnamemodify(root, ':t'), true)
  end)
end

-- refresh_graphs draws the graphs anew that are open.
function M.refresh_graphs()
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_is_loaded(buf) and vim.startswith(api.nvim_buf_get_name(buf), 'quire-graph:') then
      draw_graph(buf)
    end
  end
end

-- to_job goes from the graph to the job whose name the cursor is in.
function M.to_job()
  local word = vim.fn.expand('<cWORD>')
  local location = require('quire.pipelines').location(vim.b.quire_graph.root, word)
  if not location then
    client.warn(("'%s' is no job of this pipeline."):format(word))
    return
  end
  local win = vim.fn.win_findbuf(vim.uri_to_bufnr(location.uri))[1]
  if win then
    api.nvim_set_current_win(win)
  else
    vim.cmd('wincmd p')
    vim.cmd('edit ' .. vim.fn.fnameescape(vim.uri_to_fname(location.uri)))
  end
  vim.cmd("normal! m'")
  api.nvim_win_set_cursor(0, { location.range.start.line + 1, location.range.start.character })
end

return M
