-- Prints what :checkhealth says.
local play = dofile(vim.env.QUIRE_SCRIPTS .. '/play.lua')

play.run(function()
  if vim.env.QUIRE_LIVE then
    play.wait('the server is there', function()
      return #play.clients() == 1
    end)
  end
  vim.cmd('checkhealth quire')
  play.say(play.text())
end)
