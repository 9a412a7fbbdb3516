-- Lenses above the jobs, and how each job goes and went, at the end of its line.
--
-- All of it is what the server's lenses and its news of runs say. They are drawn
-- here, since Neovim's versions draw lenses in different ways, and none tells
-- what can be done from how it went.
local client = require('quire.client')
local options = require('quire.options')
local runs = require('quire.runs')

local api = vim.api
local M = {}

local drawn = api.nvim_create_namespace('quire.lens')
local places = api.nvim_create_namespace('quire.jobs')

-- settle is how long the text has to stay as it is before lenses are asked for,
-- in milliseconds.
local settle = 150

-- By buffer: client, the id of one; lenses, as they came last; jobs, the marks of
-- the lines of jobs by their names; asked, a count.
local buffers = {}

-- shows reports whether an answer stands beside a job, rather than offering
-- something.
local function shows(lens)
  return lens.command.command == 'quire.showLog'
end

-- job_of returns the one job that a lens is about, or nil.
local function job_of(lens)
  local argument = (lens.command.arguments or {})[1] or {}
  return argument.job or argument.jobs and #argument.jobs == 1 and argument.jobs[1] or nil
end

local function highlight(title)
  if vim.startswith(title, '✓') then
    return 'QuireSucceeded'
  end
  return vim.startswith(title, '✗') and 'QuireFailed' or 'QuireSkipped'
end

-- by_line gathers lenses by the lines that they are in, from 0.
local function by_line(lenses)
  local lines = {}
  for _, lens in ipairs(lenses) do
    if lens.command then
      local row = lens.range.start.line
      lines[row] = lines[row] or { column = lens.range.start.character, offers = {}, results = {} }
      table.insert(shows(lens) and lines[row].results or lines[row].offers, lens)
    end
  end
  return lines
end

local function offers(line)
  local chunks = {}
  for i, lens in ipairs(line.offers) do
    if i > 1 then
      table.insert(chunks, { '  ', 'QuireLens' })
    end
    table.insert(chunks, { lens.command.title, 'QuireLens' })
  end
  return chunks
end

-- state returns how a job goes that is under way, as text, sign and highlight.
local function state(running)
  if running.state == 'running' then
    return ('● running %d s'):format(runs.seconds(running)), '●', 'QuireRunning'
  end
  return '○ queued', '○', 'QuireQueued'
end

-- states returns by line the jobs that are under way.
local function states(buf, b, root)
  local lines = {}
  for job, running in pairs(runs.states(root)) do
    local mark = b.jobs[job] and api.nvim_buf_get_extmark_by_id(buf, places, b.jobs[job], {})
    if mark and mark[1] then
      lines[mark[1]] = running
    end
  end
  return lines
end

local function results(line, running)
  local chunks, sign = {}, nil
  if running then
    local text, mark, group = state(running)
    return { { text, group } }, { mark, group }
  end
  for i, lens in ipairs(line and line.results or {}) do
    local title = lens.command.title
    local group = highlight(title)
    if group == 'QuireFailed' and not sign then
      sign = { '✗', group }
    end
    table.insert(chunks, { (i > 1 and '  ' or '') .. title, group })
  end
  return chunks, sign
end

local function draw_line(buf, row, line, running)
  local above = line and offers(line) or {}
  local beside, sign = results(line, running)
  -- Above the first line Neovim has no room.
  if row == 0 and #above > 0 then
    beside = vim.list_extend(#beside > 0 and vim.list_extend(beside, { { '  ', 'QuireLens' } }) or beside, above)
    above = {}
  end
  local mark = { hl_mode = 'combine' }
  if #above > 0 then
    table.insert(above, 1, { (' '):rep(line.column), 'QuireLens' })
    mark.virt_lines, mark.virt_lines_above = { above }, true
  end
  if #beside > 0 then
    mark.virt_text = beside
  end
  if sign then
    mark.sign_text, mark.sign_hl_group, mark.priority = sign[1], sign[2], 20
  end
  api.nvim_buf_set_extmark(buf, drawn, row, 0, mark)
end

local function draw(buf)
  local b = buffers[buf]
  local c = b and client.by_id(b.client)
  if not c or not api.nvim_buf_is_loaded(buf) then
    return
  end
  api.nvim_buf_clear_namespace(buf, drawn, 0, -1)
  local lines, under_way = by_line(b.lenses), states(buf, b, c.config.root_dir)
  for row in pairs(vim.tbl_extend('keep', lines, under_way)) do
    if row < api.nvim_buf_line_count(buf) then
      draw_line(buf, row, lines[row], under_way[row])
    end
  end
end

-- remember marks where jobs are, for when their lenses do not name them.
local function remember(buf, b)
  for _, lens in ipairs(b.lenses) do
    local job = lens.command and job_of(lens)
    local row = lens.range.start.line
    if job and row < api.nvim_buf_line_count(buf) then
      b.jobs[job] = api.nvim_buf_set_extmark(buf, places, row, 0, { id = b.jobs[job] })
    end
  end
end

-- built_in reports whether Neovim itself draws the lenses of a buffer.
local function built_in(buf)
  return vim.lsp.codelens.is_enabled and vim.lsp.codelens.is_enabled({ bufnr = buf })
end

local function received(buf, tick, lenses)
  local b = buffers[buf]
  if not b or not api.nvim_buf_is_loaded(buf) or api.nvim_buf_get_changedtick(buf) ~= tick then
    return -- who changed the text has asked again
  end
  b.lenses = lenses
  remember(buf, b)
  if not vim.lsp.codelens.is_enabled then
    vim.lsp.codelens.save(lenses, buf, b.client) -- for vim.lsp.codelens.run()
  end
  if options.get().lens and not built_in(buf) then
    draw(buf)
  end
end

-- refresh asks for the lenses of a buffer, when nothing else does within a time.
function M.refresh(buf, after)
  local b = buffers[buf]
  b.asked = b.asked + 1
  local asked = b.asked
  vim.defer_fn(function()
    local c = client.by_id(b.client)
    if buffers[buf] ~= b or b.asked ~= asked or not c or not api.nvim_buf_is_loaded(buf) then
      return
    end
    local tick = api.nvim_buf_get_changedtick(buf)
    api.nvim_buf_call(buf, function()
      client.request(c, 'textDocument/codeLens', { textDocument = { uri = vim.uri_from_bufnr(buf) } }, function(lenses)
        received(buf, tick, lenses or {})
      end, function() end) -- who superseded it asks again
    end)
  end, after or settle)
end

-- refresh_all asks for the lenses of all buffers.
function M.refresh_all()
  for buf in pairs(buffers) do
    M.refresh(buf, 10)
  end
end

-- redraw draws anew, as the states of jobs have changed.
function M.redraw()
  if not options.get().lens then
    return
  end
  for buf in pairs(buffers) do
    if not built_in(buf) then
      draw(buf)
    end
  end
end

-- attach begins to show lenses in a buffer.
function M.attach(buf, id)
  local known = buffers[buf]
  buffers[buf] = { client = id, lenses = {}, jobs = {}, asked = 0 }
  if not known then
    api.nvim_buf_attach(buf, false, {
      on_lines = function()
        if not buffers[buf] then
          return true
        end
        M.refresh(buf)
      end,
      on_reload = function()
        M.refresh(buf)
      end,
      on_detach = function()
        buffers[buf] = nil
      end,
    })
  end
  M.refresh(buf, 0)
end

-- detach removes what a client showed in a buffer.
function M.detach(buf, id)
  if buffers[buf] and buffers[buf].client == id then
    buffers[buf] = nil
    api.nvim_buf_clear_namespace(buf, drawn, 0, -1)
  end
end

-- at returns the lenses of the job that a line, from 1, of a buffer is in: those
-- of the last line with any that is not below it.
function M.at(buf, line)
  local found, row = {}, -1
  for _, lens in ipairs(buffers[buf] and buffers[buf].lenses or {}) do
    local at = lens.range.start.line
    if lens.command and at < line and at >= row then
      found, row = at > row and {} or found, at
      table.insert(found, lens)
    end
  end
  return found, buffers[buf] and buffers[buf].client
end

-- job_at returns the job that a line, from 1, of a buffer is in, or nil.
function M.job_at(buf, line)
  for _, lens in ipairs((M.at(buf, line))) do
    if job_of(lens) then
      return job_of(lens)
    end
  end
end

-- find returns the first of lenses that is about a job, or nil.
function M.find(lenses, job)
  for _, lens in ipairs(lenses) do
    if lens.command and job_of(lens) == job then
      return lens
    end
  end
end

-- jobs returns the names of the jobs of lenses, in their order.
function M.jobs(lenses)
  local names, seen = {}, {}
  for _, lens in ipairs(lenses) do
    local job = lens.command and job_of(lens)
    if job and not seen[job] then
      seen[job] = true
      table.insert(names, job)
    end
  end
  return names
end

return M
