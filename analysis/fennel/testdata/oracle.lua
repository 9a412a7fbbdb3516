-- Runs programs with the reference compiler: oracle.lua FENNEL_LUA TRACE.
-- TRACE is the text of a module that programs can require by the name trace.
--
-- A request is the length of a program in bytes, a newline and the program.
-- The answer is a list of fields, each a name, a space, a length, a newline,
-- the value and a newline; a field named "end" closes it. Every program runs in
-- an environment of its own.

local budget = 5 -- millions of VM instructions for compiling and running a program

local printed
local function write(s) printed[#printed + 1] = s end

-- What macros print belongs to the output as well, so this comes before the
-- compiler takes its copies.
function print(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  write(table.concat(texts, "\t") .. "\n")
end

local fennel = assert(loadfile(arg[1]))()
package.loaded.fennel = fennel

-- On its way an error may pass a program's own pcall, so the hook stays armed.
local exhausted, ticks
local function tick()
  ticks = ticks + 1
  if ticks > budget then
    exhausted = true
    error("out of budget", 0)
  end
end

local function copy(t)
  local c = {}
  for k, v in pairs(t) do c[k] = v end
  return c
end

local names = {}
for name in ([[_G _VERSION assert collectgarbage coroutine debug dofile error getfenv getmetatable io ipairs load
loadfile loadstring math module newproxy next os package pairs pcall print rawequal rawget rawset require select setfenv
setmetatable string table tonumber tostring type unpack xpcall]]):gmatch("%S+") do
  names[#names + 1] = name
end

local trace = assert(loadstring(fennel.compileString(arg[2], { filename = "trace.fnl" }), "@trace.fnl"))

local function environment()
  local env = {}
  for _, name in ipairs(names) do
    local v = _G[name]
    if type(v) == "table" and name ~= "_G" then v = copy(v) end
    env[name] = v
  end
  env._G = env
  env.require = function(name)
    if name ~= "trace" then return require(name) end
    setfenv(trace, env)
    return trace()
  end
  env.io = { write = function(...) write(table.concat({ ... })) end }
  local create = coroutine.create
  env.coroutine.create = function(f)
    local co = create(f)
    debug.sethook(co, tick, "", 1e6)
    return co
  end
  return env
end

local function options(correlate)
  return {
    filename = "snippet.fnl", allowedGlobals = copy(names), correlate = correlate,
    ["error-pinpoint"] = false, warn = function() end,
  }
end

local answer
local function field(name, value)
  value = tostring(value)
  answer[#answer + 1] = name .. " " .. #value .. "\n" .. value .. "\n"
end

-- Errors of the compiler itself have no place. A reader that fails on a text
-- would fail on it again.
local function crash(source, message)
  local ok = pcall(function()
    for good in fennel.parser(source, "snippet.fnl") do
      if not good then break end
    end
  end)
  field("kind", ok and "compile" or "parse")
  field("crash", message)
end

-- The innermost message with the outermost position.
local function place(source, message)
  local pattern = "^[^\n:]*:([%d?]+):([-%d?]+): (%a+) error:%s*(.*)$"
  local line, col, kind, text = (message:match("^(.-)\n\n") or message):match(pattern)
  if not line then
    crash(source, message)
    return
  end
  field("kind", kind:lower())
  if tonumber(line) then field("line", line) end
  if tonumber(col) then field("col", col) end
  while true do
    local l, c, _, rest = text:match(pattern)
    if not l then break end
    if tonumber(l) then field("innerline", l) end
    if tonumber(c) then field("innercol", c) end
    text = rest:match("^[^\n]*")
  end
  text = text:gsub("\nstack traceback:.*", "")
  field("message", text:match("^[^\n:]-:%d+: (.*)$") or text)
end

local function run(source, correlate)
  local compiled, code, map = pcall(fennel.compileString, source, options(correlate))
  if not compiled then return "compile", code end
  local chunk, refused = loadstring(code, "@snippet.fnl")
  if not chunk then return "load", refused end
  setfenv(chunk, environment())
  local function values(ok, ...)
    if ok then return nil, { n = select("#", ...), ... } end
    return "runtime", (...), map
  end
  return values(pcall(chunk))
end

local function runtime(source, raised, map)
  field("kind", "runtime")
  if type(raised) ~= "string" then
    field("value", fennel.view(raised, { ["one-line?"] = true }))
    return
  end
  local line, text = raised:match("^@?snippet%.fnl:(%d+): (.*)$")
  while text and text:match("^snippet%.fnl:%d+: ") do text = text:gsub("^snippet%.fnl:%d+: ", "") end
  field("message", text or raised)
  if not line then return end
  local at = map[tonumber(line)]
  if at and tonumber(at[2]) then field("line", at[2]) end
  local kept = printed
  printed, ticks = {}, 0
  local _, again = run(source, true)
  printed = kept
  line = type(again) == "string" and again:match("^@?snippet%.fnl:(%d+): ")
  if line then field("correlated", line) end
end

local function judge(source)
  answer, printed, exhausted, ticks = {}, {}, false, 0
  debug.sethook(tick, "", 1e6)
  local kind, v, map = run(source)
  if kind == "compile" and not exhausted then
    place(source, tostring(v))
  elseif kind == "load" then
    field("kind", "load")
    field("message", v)
  elseif kind == "runtime" and not exhausted then
    runtime(source, v, map)
  elseif not kind then
    local shown, why = pcall(function()
      for i = 1, v.n do field("result", fennel.view(v[i], { ["one-line?"] = true })) end
    end)
    if not shown then field("broken", why) end
  end
  debug.sethook()
  if exhausted then field("limit", "") end
  field("stdout", table.concat(printed))
  field("end", "")
  return table.concat(answer)
end

if jit then jit.off() end -- compiled code asks no hook
io.stdout:setvbuf("full")
while true do
  local length = io.read("*n")
  if not length then return end
  io.read(1)
  io.write(judge(length == 0 and "" or io.read(length)))
  io.flush()
end
