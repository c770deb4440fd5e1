-- Shared: work that would hold the store for too long in one step. A step does a little of it and
-- leaves the rest here; the sweep does it slice by slice (slice.lua), whoever began it. Each slice
-- does its work and says how far it came in one step: it may be run twice, or by two at once.
--   instep:slices           sorted set: <kind>:<name> of what is left, by the ms of its last slice
--   instep:slice:<of it>    hash: what it needs, and how far it is
-- Kinds:
--   missing:<collection>    keys that a listing did not show          missing_items.lua
--   wanted:<collection>     references to such keys                   reference_timeouts.lua
--   wake:<n>                what waited for an item that has come     references.lua
--   letter:<id>             what is left in a letter that is closed   left_out.lua
--   instep:waking:<of it>   set: the items that it has yet to look at, of wanted and wake
--! uses calls step wakeups

local now
calls.on_begin(function() now = step.now end)
local slices = {}
slices.SLICE = 30       -- items that one step loads and saves beside its own

function slices.has(name) return redis.call('EXISTS', 'instep:slice:' .. name) == 1 end

function slices.add(name, state)
  local put = {}
  for key, value in pairs(state) do
    put[#put + 1] = key
    put[#put + 1] = tostring(value)
  end
  redis.call('DEL', 'instep:slice:' .. name)
  redis.call('HSET', 'instep:slice:' .. name, unpack(put))
  redis.call('ZADD', 'instep:slices', now, name)
  wakeups.nudge_sweep()
end

-- It goes on with what *state* says besides.
function slices.renew(name, state)
  for key, value in pairs(state) do redis.call('HSET', 'instep:slice:' .. name, key, tostring(value)) end
end

function slices.finish(name)
  redis.call('DEL', 'instep:slice:' .. name)
  redis.call('ZREM', 'instep:slices', name)
end

return slices
