#!lua flags=allow-oom
-- slice: does a little more of what a step has left (slices.lua), oldest slice first.
-- ARGV[2]: {token}
-- Returns {name, more}: what it worked on, or false; and whether anything is left.
--! uses versions state arrivals dead_letters retirements resting creation slices references missing reference_timeouts version_order left_out

local earlier = earlier_answer()
if earlier then return earlier end

-- One that is open again has entries of its own, which stay.
local function close_slice(_, name)
  local id = string.match(name, ':(.*)$')
  if is_open(id) then return true end
  local items = {}
  local done = unlink_slice(id, function(place)
    local key = place.collection .. ':' .. place.record
    items[key] = items[key] or load_item(place.collection, place.record)
    return items[key]
  end)
  for _, item in pairs(items) do save(item) end
  if done then shorten_letter(id) end
  return done
end

local DO = {
  letter = close_slice,
  missing = miss_slice,
  wanted = wanted_slice,
  wake = function(told, name) return wake_slice(P .. 'waking:' .. name, told.name) end,
}

-- What a later release has left, that one does.
local function next_slice()
  for _, name in ipairs(redis.call('ZRANGE', P .. 'slices', 0, 99)) do
    local act = DO[string.match(name, '^%a+')]
    if act then return name, act end
  end
end

local name, act = next_slice()
if not name then return answer({name = false, more = false}) end
local told = {}
local flat = redis.call('HGETALL', P .. 'slice:' .. name)
for i = 1, #flat, 2 do told[flat[i]] = flat[i + 1] end
for _, key in ipairs({'collection', 'index', 'missing', 'message'}) do request[key] = told[key] end
if act(told, name) then
  slices.finish(name)
else
  slices.leave(name, told)
end
return answer({name = name, more = next_slice() ~= nil})
