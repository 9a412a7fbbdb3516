-- Looks at what one line in init.lua brings.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')

play.run(function()
  play.check('the file has its type', vim.bo.filetype == 'fennel', vim.bo.filetype)
  play.wait('the server is there', function()
    return #play.clients() == 1
  end)
  local buf = vim.api.nvim_get_current_buf()
  play.check('for this file', vim.lsp.buf_is_attached(buf, play.clients()[1].id))
  play.wait('what is wrong is marked', function()
    local d = vim.diagnostic.get(buf)[1]
    return d and play.code(d) == 'unknown-option'
  end)
  play.check('it is coloured', vim.fn.synIDattr(vim.fn.synID(3, 2, 1), 'name') ~= '')
  vim.fn.append('$', { '(job :indented [:quire/push]', '(fn []', 'nil))' })
  vim.cmd('normal! Gkk=G')
  local text = table.concat(vim.fn.getline(vim.fn.line('$') - 1, '$'), '|')
  play.check('lines are indented as the server formats them', text == '  (fn []|    nil))', text)
  vim.cmd('undo')
  vim.cmd('help quire')
  play.check('there is help', vim.fn.expand('%:t') == 'quire.txt', vim.fn.expand('%'))
  vim.cmd('help :QuireRun')
  play.check('and where it should be', vim.api.nvim_get_current_line():find(':QuireRun', 1, true))

  -- Another file of the repository, and files of no pipeline.
  local root = vim.fn.getcwd()
  local files = { ['.quire/lib.fnl'] = true, ['.quire/lib.lua'] = true, ['other.lua'] = false, ['notes.txt'] = false }
  for name, served in pairs(files) do
    vim.fn.writefile({ '' }, root .. '/' .. name)
    vim.cmd('edit ' .. root .. '/' .. name)
    local other = vim.api.nvim_get_current_buf()
    if served then
      play.wait(name .. ' is served, too', function()
        return vim.lsp.buf_is_attached(other, play.clients()[1].id)
      end)
    else
      play.check(name .. ' is not', not vim.lsp.buf_is_attached(other, play.clients()[1].id))
    end
  end
  play.check('by the same server', #play.clients() == 1)
  local elsewhere = vim.fn.tempname() .. '.fnl'
  vim.fn.writefile({ '(print 1)' }, elsewhere)
  vim.cmd('edit ' .. elsewhere)
  play.check('nothing is started where there is no pipeline', #play.clients() == 1)
  play.check('nobody was told anything', #play.told == 0, play.told)
  local ok, err = pcall(require('quire').setup, { quickfixx = true })
  play.check('a misspelt option is refused', not ok and err:find("no option 'quickfixx'"), err)
end)
