-- What scenarios share: how they say what they see, wait, and end.
local M = {}

function M.say(text, ...)
  io.stdout:write((select('#', ...) > 0 and text:format(...) or text) .. '\n')
  io.stdout:flush()
end

-- wait waits until ok returns something true, and returns that.
function M.wait(what, ok)
  local value
  local found = vim.wait(20000, function()
    value = ok()
    return value and true or false
  end, 20)
  if not found then
    error('waited in vain for ' .. what, 2)
  end
  M.say('ok   %s%s', what, type(value) == 'string' and (': ' .. value) or '')
  return value
end

-- check fails the scenario unless something is true.
function M.check(what, ok, got)
  if not ok then
    error(('not so: %s; got %s'):format(what, vim.inspect(got)), 2)
  end
  M.say('ok   ' .. what)
end

-- told has what the user was told, and asked what they were asked.
M.told, M.asked = {}, {}

local original = vim.notify
vim.notify = function(text, ...)
  table.insert(M.told, text)
  return original(text, ...)
end

-- Who asks gets the choice that begins with the text that stands here, else trust.
M.choice = nil

local function choose(titles)
  table.insert(M.asked, table.concat(titles, ' | '))
  for i, title in ipairs(titles) do
    if M.choice and title:find(M.choice, 1, true) or title:find('^%d*%W*Trust') then
      return i
    end
  end
  error(('%s is none of %s'):format(M.choice, vim.inspect(titles)))
end

vim.ui.select = function(items, opts, done)
  local i = choose(vim.tbl_map(opts.format_item or tostring, items))
  done(items[i], i)
end

-- Neovim asks so what the server wants to know, below the question.
vim.fn.inputlist = function(texts)
  return choose(vim.tbl_filter(function(text)
    return text:find('^%d+[.:] ')
  end, texts))
end

-- text returns the lines of a buffer as one text.
function M.text(buf)
  return table.concat(vim.api.nvim_buf_get_lines(buf or 0, 0, -1, false), '\n')
end

-- find puts the cursor at the beginning of a text in the current buffer.
function M.find(text, offset)
  for i, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local at = line:find(text, 1, true)
    if at then
      vim.api.nvim_win_set_cursor(0, { i, at - 1 + (offset or 0) })
      return i, at - 1
    end
  end
  error('no ' .. text .. ' in:\n' .. M.text(), 2)
end

function M.replace(old, new)
  local line, column = M.find(old)
  vim.api.nvim_buf_set_text(0, line - 1, column, line - 1, column + #old, { new })
end

-- clients returns those of the server.
function M.clients()
  return vim.tbl_filter(function(c)
    return c.name == 'quire' and c.server_capabilities and c.server_capabilities.codeLensProvider
  end, vim.tbl_values((vim.lsp.get_clients or vim.lsp.get_active_clients)()))
end

-- code returns the code of a diagnostic, which old versions keep elsewhere.
function M.code(d)
  return d.code or vim.tbl_get(d, 'user_data', 'lsp', 'code')
end

-- run plays a scenario and quits.
function M.run(scenario)
  local v = vim.version()
  M.say('Neovim %d.%d.%d', v.major, v.minor, v.patch)
  local ok, err = xpcall(scenario, debug.traceback)
  if not ok then
    M.say('FAIL %s', err)
    M.say('told: %s\nasked: %s\n%s', vim.inspect(M.told), vim.inspect(M.asked), vim.fn.execute('messages'))
  end
  M.say(ok and 'PASS' or 'FAIL')
  vim.cmd(ok and 'qa!' or 'cq!')
end

return M
