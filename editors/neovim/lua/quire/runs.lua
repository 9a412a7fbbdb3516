-- The runs that the server tells of.
local options = require('quire.options')

local api = vim.api
local uv = vim.uv or vim.loop
local M = {}

-- live has the runs under way by id: root, title, client, dry, and jobs, which
-- are {state, since} by name with since in seconds of a clock.
local live = {}
-- last says how the run went that ended last.
local last
local timer

local ended = { succeeded = true, failed = true, skipped = true, cancelled = true, ['not-run'] = true }

-- clock returns seconds since some time.
local function clock()
  return uv.hrtime() / 1e9
end

-- announce runs the autocommands of an event of this plugin.
local function announce(event, data)
  local args = { pattern = event, modeline = false }
  if vim.fn.has('nvim-0.8') == 1 then
    args.data = data
  end
  api.nvim_exec_autocmds('User', args)
end

local function show()
  require('quire.lens').redraw()
  vim.cmd('redrawstatus!')
end

-- tick shows the seconds pass while something runs.
local function tick()
  if next(live) and not timer then
    timer = uv.new_timer()
    timer:start(1000, 1000, vim.schedule_wrap(show))
  elseif not next(live) and timer then
    timer:close()
    timer = nil
  end
end

function M.started(params, client_id)
  live[params.runId] = {
    root = require('quire.client').root(vim.uri_to_fname(params.uri)),
    title = params.title,
    client = client_id,
    dry = params.dryRun,
    jobs = {},
    count = 0,
    ended = 0,
  }
  tick()
  show()
  announce('QuireRunStarted', params)
  if options.get().log == 'start' and not params.dryRun then
    require('quire.documents').show_log(params.runId, nil, client_id)
  end
end

function M.changed(params)
  local run = live[params.runId]
  if not run then
    return
  end
  local job = run.jobs[params.job]
  if not job then
    job = {}
    run.jobs[params.job] = job
    run.count = run.count + 1
  end
  if ended[params.state] and not ended[job.state] then
    run.ended = run.ended + 1
  end
  job.state, job.since = params.state, clock()
  show()
end

-- telling is how the last run went that this plugin tells of.
local telling

-- tell says how a run went, unless the server does.
local function tell(run, params)
  local said = params.outcome == 'failed' or params.outcome == 'internal' or params.outcome == 'not-run'
  if said or run.dry then
    return
  end
  telling = run.title .. ': ' .. params.message
  if options.get().notify then
    vim.notify(telling)
  end
end

-- tells reports whether this plugin tells what the server has a message of, which
-- it has for clients that were too busy to show progress.
function M.tells(message)
  return telling ~= nil and vim.startswith(message, telling)
end

function M.finished(params)
  if vim.v.exiting ~= vim.NIL then
    return -- nobody is there to look
  end
  local run = live[params.runId] or { title = 'quire' }
  live[params.runId] = nil
  tick()
  if not run.dry then
    last = params.message
  end
  require('quire.lens').refresh_all()
  show()
  tell(run, params)
  if not run.dry then
    require('quire.quickfix').run_finished(params.outcome)
    require('quire.documents').refresh_graphs()
  end
  announce('QuireRunFinished', params)
end

-- lost forgets the runs of a client that is gone, which ends them.
function M.lost(client_id)
  for id, run in pairs(live) do
    if run.client == client_id then
      live[id] = nil
    end
  end
  tick()
  show()
end

-- states returns the jobs of a repository that are under way, by name.
function M.states(root)
  local states = {}
  for _, run in pairs(live) do
    if run.root == root and not run.dry then
      for name, job in pairs(run.jobs) do
        if not ended[job.state] then
          states[name] = job
        end
      end
    end
  end
  return states
end

-- seconds returns how long a job has been in its state.
function M.seconds(job)
  return math.floor(clock() - job.since)
end

-- status says in a few words what runs, or how the last run went.
function M.status()
  local running, count, done = {}, 0, 0
  local _, any = next(live)
  for _, run in pairs(live) do
    count, done = count + run.count, done + run.ended
    for name, job in pairs(run.jobs) do
      if job.state == 'running' then
        table.insert(running, name)
      end
    end
  end
  if not any then
    return last or ''
  end
  table.sort(running)
  local progress = count > 0 and (' %d/%d'):format(done, count) or ''
  return ('● %s%s'):format(#running > 0 and table.concat(running, ', ') or any.title, progress)
end

return M
