-- Uses commands where no server runs yet, in a file of no pipeline.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')

local function told(text)
  play.wait('told: ' .. text, function()
    return table.concat(play.told, '\n'):find(text, 1, true)
  end)
end

play.run(function()
  play.check('no server runs', #play.clients() == 0)
  play.check('jobs are completed', vim.deep_equal(vim.fn.getcompletion('QuireRun te', 'cmdline'), { 'test' }))
  vim.cmd('QuireRun test')
  told('test: ✓ 2 jobs in')
  vim.cmd('QuireCancel')
  told('is under way')
  vim.cmd('QuireGraph')
  play.wait('the graph', function()
    return play.text():find('├─ build  ✓', 1, true)
  end)
  play.find('test')
  vim.cmd(vim.api.nvim_replace_termcodes('normal <CR>', true, true, true))
  play.check('the graph leads to a file that was not open', vim.api.nvim_get_current_line():find('^%(job :test '))
  local buf = vim.api.nvim_get_current_buf()
  play.wait('which the same server looks after', function()
    return #play.clients() == 1 and vim.lsp.buf_is_attached(buf, play.clients()[1].id)
  end)
  vim.cmd('QuireLens')
  vim.cmd('cd / | enew')
  for _, c in pairs(play.clients()) do
    vim.lsp.stop_client(c.id)
  end
  play.wait('the server has stopped', function()
    return #play.clients() == 0
  end)
  vim.cmd('QuireRun')
  told('no directory .quire at or above /')
end)
