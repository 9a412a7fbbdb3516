-- Prints the seconds of processor time that the reference takes to compile the
-- program on its standard input: measure.lua FENNEL_LUA TIMES, the best of TIMES.
local fennel = assert(loadfile(arg[1]))()
local source = io.read("*a")
local best = math.huge
for _ = 1, tonumber(arg[2]) do
  local start = os.clock()
  fennel.compileString(source, { filename = "ci.fnl", allowedGlobals = false })
  best = math.min(best, os.clock() - start)
end
print(string.format("%.9f", best))
