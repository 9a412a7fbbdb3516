-- What failed, as quickfix list. It is made of the diagnostics that the server
-- has of jobs that failed, so it follows the text while that is edited.
local options = require('quire.options')

local M = {}

local title = 'quire: what failed'
-- id is the list of this plugin, or nil.
local id
-- expected means that a run failed whose diagnostics have not come yet.
local expected = false

-- items returns the entries of what failed: its message, and below it, as lines
-- that lead nowhere, what the command wrote.
local function items()
  local found = vim.tbl_filter(function(d)
    return d.source == 'quire run'
  end, vim.diagnostic.get())
  table.sort(found, function(a, b)
    if a.bufnr ~= b.bufnr then
      return a.bufnr < b.bufnr
    end
    return a.lnum < b.lnum
  end)
  local list = {}
  for _, d in ipairs(found) do
    for i, line in ipairs(vim.split(d.message, '\n')) do
      local item = { text = line }
      if i == 1 then
        item.bufnr, item.lnum, item.col, item.type = d.bufnr, d.lnum + 1, d.col + 1, 'E'
        if vim.fn.has('nvim-0.6') == 1 then
          item.end_lnum, item.end_col = d.end_lnum + 1, d.end_col + 1
        end
      end
      table.insert(list, item)
    end
  end
  return list
end

-- exists reports whether the list of this plugin is still there.
local function exists()
  return id and vim.fn.getqflist({ id = id }).id == id
end

-- filled is what the list was made of.
local filled

-- fill makes the list, or makes it anew when something else failed. Who is on
-- the way through it stays where they are.
local function fill()
  local list = items()
  if not exists() then
    vim.fn.setqflist({}, ' ', { title = title, items = list })
    id = vim.fn.getqflist({ id = 0 }).id
  elseif not vim.deep_equal(list, filled) then
    local at = vim.fn.getqflist({ id = id, idx = 0 }).idx
    vim.fn.setqflist({}, 'r', { id = id, items = list, idx = math.max(at, 1) })
  end
  filled = list
end

-- run_finished has the list made after a failure, and once what failed has been
-- mended.
function M.run_finished(outcome)
  if not options.get().quickfix then
    return
  end
  expected = outcome == 'failed'
  M.diagnostics_changed()
end

-- diagnostics_changed brings the list up to date.
function M.diagnostics_changed()
  if expected and #items() > 0 then
    expected = false
    fill()
  elseif exists() then
    fill()
  end
end

-- open shows the list, or says that nothing failed.
function M.open()
  if #items() == 0 then
    vim.notify('quire: nothing failed when it ran last.')
    return
  end
  fill()
  local number = vim.fn.getqflist({ id = id, nr = 0 }).nr
  vim.cmd(('silent %dchistory'):format(number))
  vim.cmd('botright copen')
end

return M
