-- Uses every command, and looks at what it does.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')
local quire = require('quire')
local pipeline = vim.api.nvim_get_current_buf()
local drawn = vim.api.nvim_create_namespace('quire.lens')

-- texts returns what is drawn around the line of a job: what it offers, and how it
-- went.
local function texts(job)
  local row = play.find('(job :' .. job .. ' ') - 1
  local above, beside = '', ''
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(pipeline, drawn, { row, 0 }, { row, -1 }, { details = true })) do
    for _, chunk in ipairs((mark[4].virt_lines or {})[1] or {}) do
      above = above .. chunk[1]
    end
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      beside = beside .. chunk[1]
    end
  end
  return vim.trim(above), beside
end

local function offers(job, want)
  play.wait(('%s offers %s'):format(job, want), function()
    return texts(job) == want
  end)
end

local function result(job, pattern)
  play.wait(('%s says how it went'):format(job), function()
    return select(2, texts(job)):match(pattern)
  end)
end

-- shown returns the text of the window at the bottom, when it holds a text.
local function shown(text)
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    local buf = vim.api.nvim_win_get_buf(win)
    if pcall(vim.api.nvim_win_get_var, win, 'quire') and play.text(buf):find(text, 1, true) then
      return play.text(buf)
    end
  end
end

local finished = {}
vim.api.nvim_create_autocmd('User', {
  pattern = 'QuireRunFinished',
  callback = function(args)
    table.insert(finished, args.data or { outcome = '?' })
  end,
})

-- outcome waits for the end of another run.
local seen = 0
local function outcome(want)
  play.wait('the run has ' .. want, function()
    return #finished > seen
  end)
  seen = seen + 1
  local got = finished[seen].outcome
  play.check('the event says so', got == want or got == '?', got)
end

local function told(pattern)
  return play.wait('told: ' .. pattern, function()
    for _, text in ipairs(play.told) do
      if text:find(pattern) then
        return text
      end
    end
  end)
end

local function quickfix()
  return vim.fn.getqflist({ all = 0 })
end

local function failed()
  return vim.tbl_filter(function(d)
    return d.source == 'quire run'
  end, vim.diagnostic.get(pipeline))
end

play.run(function()
  play.wait('the server is there', function()
    return #play.clients() == 1
  end)
  offers('test', '▶ run  ▶ run only')
  play.check('jobs are completed', vim.deep_equal(vim.fn.getcompletion('QuireRun b', 'cmdline'), { 'build', 'broken' }),
    vim.fn.getcompletion('QuireRun b', 'cmdline'))
  play.check('jobs()', #quire.jobs() == 5, quire.jobs())
  play.check('formats are completed', #vim.fn.getcompletion('QuireGraph ', 'cmdline') == 4)

  vim.cmd('QuireRun test')
  outcome('succeeded')
  play.check('once asked for trust', #play.asked == 1 and play.asked[1]:find('Trust'), play.asked)
  result('build', '^✓ %d+%.%d s$')
  result('test', '^✓ %d+%.%d s$')
  told('test: ✓ 2 jobs in')
  play.check('the status line', quire.statusline():find('^✓ 2 jobs in'), quire.statusline())

  -- Only the job at the cursor, and what ran last again.
  play.find('(sh ["echo"')
  vim.cmd('QuireRun! .')
  outcome('succeeded')
  told('✓ 1 job in')
  vim.cmd('QuireRerun')
  outcome('succeeded')

  vim.cmd('QuireRun broken')
  outcome('failed')
  result('broken', '^✗ ')
  play.wait('the log opens, without the focus', function()
    return shown('reason') and vim.api.nvim_get_current_buf() == pipeline
  end)
  play.wait('the failure is marked', function()
    return #failed() == 1
  end)
  local d = failed()[1]
  local text = vim.api.nvim_buf_get_text(pipeline, d.lnum, d.col, d.end_lnum, d.end_col, {})[1]
  play.check('it is at the sh', text == '(sh "echo reason; exit 3")', text)
  play.wait('it is in the quickfix list', function()
    return quickfix().title == 'quire: what failed' and #quickfix().items > 0
  end)
  local first = vim.fn.getqflist()[1]
  play.check('with its place', first.lnum == d.lnum + 1 and first.bufnr == pipeline, first)
  local lines = table.concat(vim.tbl_map(function(item)
    return item.text
  end, vim.fn.getqflist()), '\n')
  play.check('and what the command wrote', lines:find('reason'), lines)
  vim.cmd('QuireFailures')
  play.check('QuireFailures opens it', vim.bo.buftype == 'quickfix', vim.bo.buftype)
  vim.cmd('cclose | cfirst')
  play.check('it leads to the sh', vim.deep_equal(vim.api.nvim_win_get_cursor(0), { d.lnum + 1, d.col }))

  vim.cmd('QuireLog build')
  play.wait('the log of another job, with the focus', function()
    return shown('$ echo built') and vim.api.nvim_get_current_buf() ~= pipeline
  end)
  play.check('it is not to be changed', not vim.bo.modifiable)
  vim.cmd('normal q')
  play.check('q closes it', vim.api.nvim_get_current_buf() == pipeline and not shown(''))

  vim.cmd('QuireGraph')
  play.wait('the graph with results', function()
    return shown('quire/push\n├─ build  ✓')
  end)
  play.find('broken')
  vim.cmd(vim.api.nvim_replace_termcodes('normal <CR>', true, true, true))
  local line = vim.api.nvim_get_current_line()
  play.check('the graph leads to the job', line:find('^%(job :broken '), line)
  vim.cmd('QuireGraph mermaid')
  play.wait('the graph in another format', function()
    return shown('flowchart')
  end)
  vim.cmd('wincmd p')

  vim.cmd('QuireDryRun test')
  play.wait('the plan', function()
    return shown('echo built')
  end)
  seen = #finished

  -- What failed is gone once the text is another one.
  vim.api.nvim_set_current_win(vim.fn.win_findbuf(pipeline)[1])
  play.replace('exit 3', 'exit 0')
  play.wait('nothing is marked', function()
    return #failed() == 0 and #quickfix().items == 0
  end)
  result('broken', 'edited since$')
  vim.cmd('QuireFailures')
  told('nothing failed')

  vim.cmd('QuireRun nowhere')
  told('unknown job')
  outcome('failed')
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  vim.cmd('QuireRun .')
  told('the cursor is in no job')

  -- A run of which a lens says that it goes on, and which it cancels.
  vim.cmd('QuireRun long')
  result('long', '^● running %d+ s$')
  offers('long', '■ cancel')
  play.check('the status line names it', quire.statusline() == '● long 0/1', quire.statusline())
  play.choice = '■ cancel'
  play.find('(job :long')
  vim.cmd('QuireLens')
  outcome('cancelled')
  offers('long', '▶ run')

  vim.cmd('QuireRun long')
  result('long', '^● running')
  vim.cmd('QuireCancel')
  outcome('cancelled')
  vim.cmd('QuireRun long')
  result('long', '^● running') -- and runs when Neovim quits
end)
