-- The pipelines that the server tells of, with their jobs and where these are.
local M = {}

-- known has by root what the server said last, and client, the id of who did.
local known = {}

function M.changed(params, client_id)
  local root = vim.uri_to_fname(params.root)
  known[root] = not params.gone and { uri = params.uri, nodes = params.nodes, client = client_id } or nil
  require('quire.lens').pipeline_changed(root)
end

-- lost forgets what a client said that is gone.
function M.lost(client_id)
  for root, pipeline in pairs(known) do
    if pipeline.client == client_id then
      known[root] = nil
    end
  end
end

-- is_known reports whether the server has told of the pipeline of a repository.
function M.is_known(root)
  return known[root] ~= nil
end

-- jobs returns the jobs of a repository, each with name and location.
function M.jobs(root)
  return vim.tbl_filter(function(node)
    return node.kind == 'job'
  end, known[root] and known[root].nodes or {})
end

-- location returns where a job is, or nil.
function M.location(root, name)
  for _, job in ipairs(M.jobs(root)) do
    if job.name == name then
      return job.location
    end
  end
end

-- at returns the job of a repository that a line, from 0, of a file is in, or nil.
function M.at(root, uri, row)
  for _, job in ipairs(M.jobs(root)) do
    local l = job.location
    if l and l.uri == uri and l.range.start.line <= row and row <= l.range['end'].line then
      return job.name
    end
  end
end

return M
