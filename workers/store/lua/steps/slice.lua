--! flags allow-oom
-- slice: does a little more of what a step has left (slices.lua), oldest slice first.
-- ARGV[2]: {token}
-- Returns {name, more}: what it worked on, or false; and whether anything is left.
-- Errors: none: a full store does this as well.
--! uses step items dead_letters slices references left_out missing_items reference_timeouts

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end

-- One that is open again has entries of its own, which stay.
local function close_slice(_, name)
  local id = string.match(name, ':(.*)$')
  if left_out.is_open(id) then return true end
  local done = left_out.unlink_slice(id)
  items.save_loaded()
  if done then dead_letters.shorten(id) end
  return done
end

local DO = {
  letter = close_slice,
  missing = missing_items.decide_slice,
  wanted = reference_timeouts.decide_slice,
  wake = function(state, name) return references.wake_some('instep:waking:' .. name, state.name) end,
}

-- What a later release has left, that one does.
local function next_slice()
  for _, name in ipairs(redis.call('ZRANGE', 'instep:slices', 0, 99)) do
    local act = DO[string.match(name, '^%a+')]
    if act then return name, act end
  end
end

local name, act = next_slice()
if not name then return step.answer({name = false, more = false}) end
local state = step.hash('instep:slice:' .. name) or {}
for _, key in ipairs({'collection', 'index', 'missing', 'message'}) do request[key] = state[key] end
step.place = state.index and state.collection .. ':' .. state.index
if act(state, name) then
  slices.finish(name)
else
  slices.add(name, state)
end
return step.answer({name = name, more = next_slice() ~= nil})
