-- What a person does in Neovim, on the project's own pipeline. neovim_test.go
-- starts it, headless, with Neovim 0.7 or newer, and gives it:
--   QUIRE_LSP   the server
--   QUIRE_FILE  the ci.fnl to open, in a clone that may be changed
--   QUIRE_MARK  a number of seconds that only this test sleeps for
local uv = vim.uv or vim.loop

local function say(text)
  io.stdout:write(text .. '\n')
  io.stdout:flush()
end

local function wait(what, ok)
  local value
  local found = vim.wait(60000, function()
    value = ok()
    return value and true or false
  end, 20)
  if not found then error('waited in vain for ' .. what) end
  say('ok   ' .. what .. (type(value) == 'string' and (': ' .. value) or ''))
  return value
end

local clients = vim.lsp.get_clients or vim.lsp.get_active_clients
local progress, shown, asked = {}, {}, {}

local function watch()
  local original = vim.lsp.handlers['$/progress']
  vim.lsp.handlers['$/progress'] = function(err, result, ctx, config)
    table.insert(progress, result)
    return original and original(err, result, ctx, config)
  end
  vim.lsp.handlers['window/showDocument'] = function(_, result)
    table.insert(shown, result.uri)
    return { success = true }
  end
  vim.lsp.handlers['window/showMessageRequest'] = function(_, result)
    table.insert(asked, result.message)
    return result.actions[1]
  end
  -- A Neovim that shows no documents is told where they are.
  vim.lsp.handlers['window/showMessage'] = function(_, result)
    say('     message: ' .. result.message)
    local path = result.message:match('^Log: (.*)')
    if path then table.insert(shown, path) end
  end
end

-- The server is started as the README says for each version.
local function attach(buf, file)
  local config = {
    name = 'quire',
    cmd = { vim.env.QUIRE_LSP },
    root_dir = vim.fn.fnamemodify(file, ':h:h'),
  }
  if vim.lsp.enable then
    vim.lsp.config('quire', { cmd = config.cmd, filetypes = { 'fennel' }, root_markers = { '.quire' } })
    vim.lsp.enable('quire')
    vim.cmd('doautoall FileType')
  elseif vim.lsp.start then
    vim.lsp.start(config)
  else
    vim.lsp.buf_attach_client(buf, vim.lsp.start_client(config))
  end
  wait('the server is attached', function()
    for _, c in pairs(clients()) do
      if c.server_capabilities and c.server_capabilities.codeLensProvider then return c.name end
    end
  end)
end

-- The last progress of a kind, if it belongs to a run that began after the
-- first `from` of them.
local function last(kind, from)
  for i = #progress, from + 1, -1 do
    if progress[i].value.kind == kind then return progress[i] end
  end
end

local function append(buf, lines)
  local at = vim.api.nvim_buf_line_count(buf)
  vim.api.nvim_buf_set_lines(buf, at, at, false, lines)
  return at
end

local function diagnostic(buf, code)
  for _, d in ipairs(vim.diagnostic.get(buf)) do
    if d.code == code then return d end
  end
end

-- place waits for a diagnostic and says which text it underlines.
local function underlined(buf, code, want)
  wait(code .. ' under ' .. want, function()
    local d = diagnostic(buf, code)
    if not d then return false end
    local text = vim.api.nvim_buf_get_text(buf, d.lnum, d.col, d.end_lnum, d.end_col, {})
    return table.concat(text, '\n') == want
  end)
end

-- lens waits for the lens of a job with a title that begins with one, and
-- returns the line that it is in.
local function lens(buf, job, title)
  local line
  wait('the lens ' .. title .. ' of ' .. job, function()
    vim.lsp.codelens.refresh()
    for _, lens in ipairs(vim.lsp.codelens.get(buf)) do
      local at = lens.range.start.line
      local text = vim.api.nvim_buf_get_lines(buf, at, at + 1, false)[1]
      if lens.command and lens.command.title:find(title, 1, true) == 1 and text:find(':' .. job .. ' ', 1, true) then
        line = at + 1
        return lens.command.title
      end
    end
  end)
  return line
end

-- The lenses of a line are chosen from by their titles.
local function choose(title)
  vim.ui.select = function(items, opts, done)
    for i, item in ipairs(items) do
      if opts.format_item(item):find(title, 1, true) then return done(item, i) end
    end
    error('no choice ' .. title)
  end
end

local function run_lens(buf, job, title)
  title = title or '▶ run'
  vim.api.nvim_win_set_cursor(0, { lens(buf, job, title), 0 })
  choose(title)
  vim.lsp.codelens.run()
end

local function cancelled(buf, how)
  local from = #progress
  run_lens(buf, 'e2e-long')
  wait('the long job runs', function()
    local p = last('report', from)
    return p and p.value.message and p.value.message:find('sleep', 1, true) and p.value.message
  end)
  how(last('begin', from).token)
  wait('the end of the long job', function()
    local p = last('end', from)
    return p and p.value.message == 'cancelled'
  end)
end

local function main()
  local v = vim.version()
  say(('Neovim %d.%d.%d'):format(v.major, v.minor, v.patch))
  watch()
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.QUIRE_FILE))
  local buf = vim.api.nvim_get_current_buf()
  attach(buf, vim.env.QUIRE_FILE)

  local at = append(buf, {
    '(local e2e (require :quire.ci))',
    '(e2e.job :e2e-a [:e2e-b] (fn [] nil))',
    '(e2e.job :e2e-b [:e2e-a] (fn [] nil))',
    '(e2e.job :e2e-lost [:e2e-nowhere] (fn [] nil))',
    '(e2e.job :e2e-option [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "true" {:timout 3}) :exit)))))',
  })
  underlined(buf, 'cycle', ':e2e-b')
  underlined(buf, 'unreachable', ':e2e-lost')
  underlined(buf, 'unknown-option', ':timout')

  local option = diagnostic(buf, 'unknown-option')
  vim.api.nvim_win_set_cursor(0, { option.lnum + 1, option.col + 1 })
  vim.ui.select = function(items, _, choose) choose(items[1], 1) end
  vim.lsp.buf.code_action({ context = { only = { 'quickfix' }, diagnostics = {} } })
  wait('the quick fix', function()
    local line = vim.api.nvim_buf_get_lines(buf, option.lnum, option.lnum + 1, false)[1]
    return line:find('{:timeout 3}', 1, true) and line
  end)
  wait('unknown-option is gone', function() return not diagnostic(buf, 'unknown-option') end)

  vim.api.nvim_buf_set_lines(buf, at + 1, -1, false, {
    ('(e2e.job :e2e-long [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "sleep %s") :exit)))))'):format(vim.env.QUIRE_MARK),
    '(e2e.job :e2e-fail [:quire/push] (fn [{: sh}] (assert (= 0 (. (sh "echo reason; exit 3") :exit)))))',
  })
  wait('no diagnostics are left', function() return #vim.diagnostic.get(buf) == 0 end)

  local from = #progress
  run_lens(buf, 'fmt')
  wait('the end of fmt', function()
    local p = last('end', from)
    return p and p.value.message:find('✓', 1, true) and p.value.message
  end)
  lens(buf, 'fmt', '✓')
  if #asked ~= 1 then error(('asked %d times whether to trust the workspace'):format(#asked)) end

  from = #progress
  run_lens(buf, 'e2e-fail')
  underlined(buf, 'run-failed', '(sh "echo reason; exit 3")')
  if not diagnostic(buf, 'run-failed').message:find('reason', 1, true) then
    error('the output is missing: ' .. diagnostic(buf, 'run-failed').message)
  end
  lens(buf, 'e2e-fail', '✗')
  wait('the log', function() return shown[#shown] end)
  local line = vim.api.nvim_buf_line_count(buf) - 1
  local text = vim.api.nvim_buf_get_lines(buf, line, line + 1, false)[1]
  vim.api.nvim_buf_set_lines(buf, line, line + 1, false, { (text:gsub('exit 3', 'exit 0')) })
  wait('run-failed is gone', function() return not diagnostic(buf, 'run-failed') end)

  local client = clients()[next(clients())]
  local function notify(...) if v.minor >= 11 then client:notify(...) else client.notify(...) end end
  cancelled(buf, function(token) notify('window/workDoneProgress/cancel', { token = token }) end)
  cancelled(buf, function(token)
    vim.lsp.buf_request(buf, 'workspace/executeCommand',
      { command = 'quire.cancel', arguments = { { runId = token } } }, function() end)
  end)
  cancelled(buf, function() run_lens(buf, 'e2e-long', '■ cancel') end)

  -- A run that is under way when the editor quits must not outlive it.
  from = #progress
  run_lens(buf, 'e2e-long')
  wait('the long job runs again', function()
    local p = last('report', from)
    return p and p.value.message and p.value.message:find('sleep', 1, true) and p.value.message
  end)
  for _, c in pairs(clients()) do
    if v.minor >= 11 then c:stop() else c.stop() end
  end
  wait('the server has stopped', function() return #vim.tbl_keys(clients()) == 0 end)
end

local ok, err = xpcall(main, debug.traceback)
say(ok and 'PASS' or ('FAIL ' .. tostring(err)))
vim.cmd(ok and 'qa!' or 'cq!')
