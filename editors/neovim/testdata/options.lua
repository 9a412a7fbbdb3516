-- Everything is the other way round than by default.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')
local pipeline = vim.api.nvim_get_current_buf()

local outcomes = {}
vim.api.nvim_create_autocmd('User', {
  pattern = 'QuireRunFinished',
  callback = function()
    table.insert(outcomes, true)
  end,
})

play.run(function()
  play.wait('the server is there', function()
    return #play.clients() == 1
  end)
  vim.cmd('QuireRun broken')
  play.wait('the log is there and follows the run', function()
    for _, win in ipairs(vim.api.nvim_list_wins()) do
      local text = play.text(vim.api.nvim_win_get_buf(win))
      if text:find('reason', 1, true) and not text:find('job :', 1, true) then
        play.check('it is as high as asked', vim.api.nvim_win_get_height(win) == 7)
        return true
      end
    end
  end)
  play.wait('the failure is marked', function()
    return #outcomes == 1 and #vim.tbl_filter(function(d)
      return d.source == 'quire run'
    end, vim.diagnostic.get(pipeline)) == 1
  end)
  play.check('nobody asked', #play.asked == 0, play.asked)
  play.check('the quickfix list is left alone', #vim.fn.getqflist() == 0, vim.fn.getqflist())
  local drawn = vim.api.nvim_buf_get_extmarks(pipeline, vim.api.nvim_create_namespace('quire.lens'), 0, -1, {})
  play.check('no lens is drawn', #drawn == 0, drawn)
  local told = #play.told
  vim.cmd('QuireRun test')
  play.wait('another run ends', function()
    return #outcomes == 2
  end)
  play.check('nobody was told how it went', #play.told == told, play.told)
end)
