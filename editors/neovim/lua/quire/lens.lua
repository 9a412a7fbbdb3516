-- Lenses above the jobs, and how each job goes and went, at the end of its line.
--
-- All of it is what the server's lenses and its news of runs say. They are drawn
-- here, since Neovim's versions draw lenses in different ways, and none tells
-- what can be done from how it went.
local client = require('quire.client')
local options = require('quire.options')
local pipelines = require('quire.pipelines')
local runs = require('quire.runs')

local api = vim.api
local M = {}

local drawn = api.nvim_create_namespace('quire.lens')
local places = api.nvim_create_namespace('quire.jobs')

-- settle is how long the text has to stay as it is before lenses are asked for,
-- in milliseconds.
local settle = 150

-- By buffer: client, the id of one; root, of the repository; lenses, as they came
-- last; jobs, the marks of the lines of jobs by their names; asked, a count.
local buffers = {}

-- shows reports whether an answer stands beside a job, rather than offering
-- something.
local function shows(lens)
  return lens.command.command == 'quire.showLog'
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
local function states(buf, b)
  local lines = {}
  for job, running in pairs(runs.states(b.root)) do
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
  local lines, under_way = by_line(b.lenses), states(buf, b)
  for row in pairs(vim.tbl_extend('keep', lines, under_way)) do
    if row < api.nvim_buf_line_count(buf) then
      draw_line(buf, row, lines[row], under_way[row])
    end
  end
end

-- remember marks where jobs are, as the text moves them until the server tells
-- where they are now.
local function remember(buf, b)
  local uri = vim.uri_from_bufnr(buf)
  for _, job in ipairs(pipelines.jobs(b.root)) do
    local row = job.location and job.location.uri == uri and job.location.range.start.line
    if row and row < api.nvim_buf_line_count(buf) then
      b.jobs[job.name] = api.nvim_buf_set_extmark(buf, places, row, 0, { id = b.jobs[job.name] })
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

-- pipeline_changed takes over where the jobs of a repository are.
function M.pipeline_changed(root)
  for buf, b in pairs(buffers) do
    if b.root == root and api.nvim_buf_is_loaded(buf) then
      remember(buf, b)
    end
  end
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
  buffers[buf] = { client = id, root = client.root_of(id), lenses = {}, jobs = {}, asked = 0 }
  remember(buf, buffers[buf])
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

-- at calls done with the lenses of what a line, from 0, of a buffer is in: those
-- of the last line with any that is not below it. They are those of the text as
-- it is now.
function M.at(buf, row, done)
  local b = buffers[buf]
  local c = b and client.by_id(b.client)
  if not c then
    client.warn('no language server looks after this buffer.')
    return
  end
  client.request(c, 'textDocument/codeLens', { textDocument = { uri = vim.uri_from_bufnr(buf) } }, function(lenses)
    local found, last = {}, -1
    for _, lens in ipairs(lenses or {}) do
      local at = lens.range.start.line
      if lens.command and at <= row and at >= last then
        found, last = at > last and {} or found, at
        table.insert(found, lens)
      end
    end
    done(found, c)
  end)
end

return M
