-- Says which diagnostics there are.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')

local severities = { 'error', 'warning', 'info', 'hint' }

play.run(function()
  play.wait('diagnostics', function()
    return #vim.diagnostic.get(0) > 0
  end)
  for _, d in ipairs(vim.diagnostic.get(0)) do
    play.say('finding %s', vim.fn.json_encode({
      code = play.code(d),
      message = d.message,
      severity = severities[d.severity],
      start = { d.lnum + 1, d.col + 1 },
      ['end'] = { d.end_lnum + 1, d.end_col + 1 },
    }))
  end
end)
