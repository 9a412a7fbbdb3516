-- The language server: what it is told of this editor, where it is started, and
-- how it is asked.
local options = require('quire.options')

local M = {}

local has_011 = vim.fn.has('nvim-0.11') == 1

-- warn says something that the user should read.
function M.warn(text)
  vim.notify('quire: ' .. text, vim.log.levels.WARN)
end

-- root returns the nearest directory at or above a path that has a pipeline's
-- directory, or nil.
function M.root(path)
  if path == '' or path:find('^%a[%w+.-]+:/') then
    return nil
  end
  local dir = vim.fn.fnamemodify(path, ':p'):gsub('(.)/$', '%1')
  while true do
    if vim.fn.isdirectory(dir .. '/.quire') == 1 then
      return dir
    end
    local parent = vim.fn.fnamemodify(dir, ':h')
    if parent == dir then
      return nil
    end
    dir = parent
  end
end

-- root_for returns the root of the repository whose server looks after a buffer,
-- or nil. Only by where it is can Lua be told from what no pipeline requires.
local function root_for(buf)
  local path = vim.api.nvim_buf_get_name(buf)
  local root = vim.bo[buf].buftype == '' and M.root(path)
  if root and vim.bo[buf].filetype == 'lua' and not vim.startswith(path, root .. '/.quire/') then
    return nil
  end
  return root or nil
end

-- pipeline returns the URI of the pipeline of a repository.
function M.pipeline(root)
  return vim.uri_from_fname(root .. '/.quire/ci.fnl')
end

-- command returns the command of the server as it is configured, which may be a
-- function.
function M.command()
  local config = vim.lsp.enable and vim.lsp.config.quire
  return config and config.cmd or options.get().cmd
end

-- missing says why the server cannot be started, or returns nil.
function M.missing()
  local cmd = M.command()
  if type(cmd) ~= 'table' or vim.fn.executable(cmd[1]) == 1 then
    return nil
  end
  local where = cmd[1]:find('/', 1, true) and 'there is no program ' .. cmd[1]
    or ('the language server %s is not in PATH'):format(cmd[1])
  return where .. ". Install it, or say where it is: require('quire').setup({ cmd = { '/path/to/quire-lsp' } })."
end

local told = false

-- present reports whether the server can be started, and says once when it
-- cannot.
local function present()
  local why = M.missing()
  if why and not told then
    told = true
    M.warn(why .. ' :checkhealth quire has more.')
  end
  return not why
end

local function capabilities()
  return vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
    experimental = { quire = { runState = true, pipelines = true } },
    window = { showDocument = { support = true } },
    workspace = {
      codeLens = { refreshSupport = true },
      textDocumentContent = { dynamicRegistration = false },
    },
  })
end

local function handlers()
  local runs, documents = require('quire.runs'), require('quire.documents')
  return {
    ['quire/pipeline'] = function(_, params, ctx)
      require('quire.pipelines').changed(params, ctx.client_id)
    end,
    ['quire/runStarted'] = function(_, params, ctx)
      runs.started(params, ctx.client_id)
    end,
    ['quire/jobState'] = function(_, params)
      runs.changed(params)
    end,
    ['quire/runFinished'] = function(_, params)
      runs.finished(params)
    end,
    ['window/showMessage'] = function(err, result, ctx, config)
      if not runs.tells(result.message) then
        return vim.lsp.handlers['window/showMessage'](err, result, ctx, config)
      end
    end,
    ['workspace/codeLens/refresh'] = function(err, result, ctx, config)
      require('quire.lens').refresh_all()
      local original = vim.lsp.handlers['workspace/codeLens/refresh']
      if original then
        return original(err, result, ctx, config)
      end
      return vim.NIL
    end,
    ['workspace/textDocumentContent/refresh'] = function(_, params, ctx)
      documents.refresh(params.uri, ctx.client_id)
      return vim.NIL
    end,
    ['window/showDocument'] = function(_, params, ctx)
      return { success = documents.show(params.uri, ctx.client_id) }
    end,
  }
end

-- config returns what vim.lsp.config, vim.lsp.start and their like take.
function M.config()
  local o = options.get()
  return {
    name = 'quire',
    cmd = o.cmd,
    filetypes = o.filetypes,
    init_options = { trusted = o.trusted },
    settings = { quire = vim.tbl_isempty(o.settings) and vim.empty_dict() or o.settings },
    capabilities = capabilities(),
    handlers = handlers(),
    commands = {
      -- A lens or an action that shows a log was chosen by the user.
      ['quire.showLog'] = function(command, ctx)
        require('quire.documents').asked()
        M.request(M.by_id(ctx.client_id), 'workspace/executeCommand', {
          command = command.command,
          arguments = command.arguments,
        })
      end,
    },
    root_dir = function(buf, on_dir)
      local root = root_for(buf)
      if root then
        on_dir(root)
      end
    end,
    on_attach = vim.fn.exists('##LspAttach') == 0 and function(client, buf)
      M.attached(client, buf)
    end or nil,
    on_exit = vim.schedule_wrap(function(_, _, id)
      require('quire.runs').lost(id)
      require('quire.pipelines').lost(id)
    end),
  }
end

-- attached begins what is done in each buffer of a client.
function M.attached(client, buf)
  if vim.fn.has('nvim-0.8') == 0 then -- newer ones do it
    vim.bo[buf].omnifunc = 'v:lua.vim.lsp.omnifunc'
  end
  require('quire.lens').attach(buf, client.id)
end

function M.by_id(id)
  return vim.lsp.get_client_by_id(id)
end

-- all returns the clients of the server.
function M.all()
  local clients = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  return vim.tbl_filter(function(c)
    return c.name == 'quire'
  end, clients)
end

-- root_of returns the root of the repository that a client, or the one with an id,
-- looks after.
function M.root_of(client)
  client = type(client) == 'number' and M.by_id(client) or client
  return client.config.root_dir
end

-- starting has the ids of clients by root: a client that has not answered yet is
-- not among those that Neovim lists.
local starting = {}

-- started returns the client of a root, and starts one when there is none.
local function started(root)
  for _, c in ipairs(M.all()) do
    if M.root_of(c) == root then
      return c
    end
  end
  local client = starting[root] and M.by_id(starting[root])
  if client then
    return client
  end
  local id
  if has_011 then
    local config = vim.tbl_extend('force', vim.lsp.config.quire or M.config(), { root_dir = root })
    id = vim.lsp.start(config, { attach = false })
  else -- Of the versions before 0.11, this is what they all have.
    local config = vim.tbl_extend('force', M.config(), { root_dir = root })
    config.workspace_folders = { { uri = vim.uri_from_fname(root), name = root } }
    id = vim.lsp.start_client(config)
  end
  starting[root] = id
  return id and M.by_id(id)
end

-- attach attaches a buffer to the server of its repository, which is started for
-- the first of them. Neovim 0.11 and newer do that by themselves, but say nothing
-- when there is no server.
function M.attach(buf)
  local root = root_for(buf)
  if not root or not present() or vim.lsp.enable then
    return
  end
  local client = started(root)
  if client then
    vim.lsp.buf_attach_client(buf, client.id)
  end
end

-- here returns the client for where the user is, with the root of its
-- repository: that of the buffer's file, else of the working directory. It says
-- what is missing and returns nil.
function M.here()
  local root = M.root(vim.api.nvim_buf_get_name(0)) or M.root(vim.fn.getcwd())
  if not root and #M.all() > 0 then
    root = M.root_of(M.all()[1])
  end
  if not root then
    M.warn('no directory .quire at or above ' .. vim.fn.getcwd() .. ', so there is no pipeline here.')
    return nil
  end
  local why = M.missing()
  if why then
    M.warn(why)
    return nil
  end
  local client = started(root)
  local ready = client and vim.wait(10000, function()
    return client.initialized
  end, 10)
  if not ready then
    M.warn('the language server does not start; :checkhealth quire may say why.')
    return nil
  end
  return client, root
end

-- request asks the server. What it refuses is told in its own words, unless the
-- caller takes them.
function M.request(client, method, params, done, refused)
  local function answered(err, result)
    if err then
      (refused or M.warn)(err.message)
    elseif done then
      done(result)
    end
  end
  local buf = vim.api.nvim_get_current_buf()
  if not vim.lsp.buf_is_attached(buf, client.id) then
    buf = next(client.attached_buffers or {}) or buf
  end
  if has_011 then
    client:request(method, params, answered, buf)
  else
    client.request(method, params, answered, buf)
  end
end

-- execute has the server carry out a command for where the user is.
function M.execute(command, argument, done)
  local client, root = M.here()
  if not client then
    return
  end
  argument = vim.tbl_extend('keep', argument or {}, { uri = M.pipeline(root) })
  M.request(client, 'workspace/executeCommand', { command = command, arguments = { argument } }, done)
end

return M
