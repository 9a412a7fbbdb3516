-- The commands of the editor.
local client = require('quire.client')
local pipelines = require('quire.pipelines')

local M = {}

-- here stands for the job that the cursor is in.
local here = '.'

-- words returns the arguments of a command. Neovim 0.7 has an empty one for none.
local function words(args)
  return vim.tbl_filter(function(word)
    return word ~= ''
  end, args.fargs)
end

-- job_here returns the job that the cursor is in, or nil.
local function job_here()
  local root = client.root(vim.api.nvim_buf_get_name(0))
  return root and pipelines.at(root, vim.uri_from_bufnr(0), vim.api.nvim_win_get_cursor(0)[1] - 1)
end

-- named returns the jobs that arguments of a command name, or nil when the
-- cursor is in none.
local function named(args)
  local jobs = {}
  for _, name in ipairs(words(args)) do
    if name == here then
      name = job_here()
      if not name then
        client.warn('the cursor is in no job.')
        return nil
      end
    end
    table.insert(jobs, name)
  end
  return jobs
end

local function run(command)
  return function(args)
    local jobs = named(args)
    if not jobs then
      return
    end
    if args.bang and #jobs == 0 then
      client.warn('with ! jobs run without what they need: name them.')
      return
    end
    client.execute(command, { jobs = #jobs > 0 and jobs or nil, only = args.bang or nil })
  end
end

-- complete_jobs returns the names of jobs that begin with a text.
function M.complete_jobs(lead)
  local _, root = client.here()
  if not root then
    return {}
  end
  vim.wait(2000, function() -- one that is just starting
    return pipelines.is_known(root)
  end, 5)
  local names = {}
  for _, job in ipairs(pipelines.jobs(root)) do
    if vim.startswith(job.name, lead) then
      table.insert(names, job.name)
    end
  end
  return names
end

-- log shows the log of a job, or of the run that was last.
local function log(args)
  local jobs = named(args)
  if jobs then
    require('quire.documents').asked()
    client.execute('quire.showLog', { job = jobs[1] })
  end
end

-- carry_out does what a lens offers.
local function carry_out(lens, c)
  if lens.command.command == 'quire.showLog' then
    require('quire.documents').asked()
  end
  client.request(c, 'workspace/executeCommand', { command = lens.command.command, arguments = lens.command.arguments })
end

-- choose offers what the lenses of the job offer that the cursor is in.
local function choose()
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  require('quire.lens').at(vim.api.nvim_get_current_buf(), row, function(lenses, c)
    if #lenses == 0 then
      client.warn('there is no lens here.')
      return
    end
    vim.ui.select(lenses, {
      prompt = 'quire:',
      format_item = function(lens)
        return lens.command.title
      end,
    }, function(lens)
      if lens then
        carry_out(lens, c)
      end
    end)
  end)
end

local function one_of(...)
  local choices = { ... }
  return function(lead)
    return vim.tbl_filter(function(word)
      return vim.startswith(word, lead)
    end, choices)
  end
end

-- define makes the commands.
function M.define()
  local function command(name, does, options)
    vim.api.nvim_create_user_command(name, does, options)
  end
  local jobs = M.complete_jobs
  command('QuireRun', run('quire.run'), {
    nargs = '*',
    bang = true,
    complete = jobs,
    desc = 'Run jobs and what they need, or what a push runs; with ! without what they need',
  })
  command('QuireDryRun', run('quire.dryRun'), {
    nargs = '*',
    bang = true,
    complete = jobs,
    desc = 'Show which commands would run',
  })
  command('QuireRerun', function()
    client.execute('quire.rerunLast')
  end, { desc = 'Run what was run last' })
  command('QuireCancel', function()
    client.execute('quire.cancel')
  end, { desc = 'Cancel the runs under way; a second time, kill them' })
  command('QuireLog', log, { nargs = '?', complete = jobs, desc = 'Show the log of a job, or of the last run' })
  command('QuireGraph', function(args)
    require('quire.documents').graph(words(args)[1])
  end, {
    nargs = '?',
    complete = one_of('text', 'mermaid', 'dot', 'svg'),
    desc = 'Show which job needs which, and how they went',
  })
  command('QuireLens', choose, { desc = 'Choose from what the job under the cursor offers' })
  command('QuireFailures', function()
    require('quire.quickfix').open()
  end, { desc = 'Show in the quickfix list what failed when it ran last' })
end

return M
