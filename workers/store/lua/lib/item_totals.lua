-- Shared: how many items the CMS says that a collection has, for held retirements where no listing has shown all of
-- its items. A worker asks for the number once it matters (retirement_guard.lua).
-- instep:index:<collection>:<copy>  hash: count: items, '' where the CMS answered without a number;
--   count_at: ms, not after the answer
-- instep:collection:<collection>    hash: count_next: the number is wanted; ms from which it is asked for
--! uses calls step

local now
calls.on_begin(function() now = step.now end)
local item_totals = {}
local FRESH_MS = 86400000

-- The number, and its ms; 0: the CMS tells none; nil: it has to be asked.
function item_totals.of(place)
  local held = redis.call('HMGET', 'instep:index:' .. place, 'count', 'count_at')
  local at = step.sane(held[2], 0)
  if not at or at <= now - FRESH_MS then return nil end
  return held[1] == '' and 0 or math.max(1, tonumber(held[1])), at
end

function item_totals.note(collection, place, number)
  redis.call('HSET', 'instep:index:' .. place, 'count', number, 'count_at', now)
  redis.call('HDEL', 'instep:collection:' .. collection, 'count_next')
end

-- The number is wanted. Returns whether it may be asked for now.
function item_totals.want(collection)
  local key = 'instep:collection:' .. collection
  if redis.call('HEXISTS', key, 'paused') == 1 then return false end
  redis.call('HSETNX', key, 'count_next', now)
  return step.sane(redis.call('HGET', key, 'count_next'), step.CLAIM_MS) <= now
end

-- The first of the collections of a claim whose number is to be asked for now, by the caller alone.
function item_totals.take_wanted(open)
  for _, collection in ipairs(open) do
    local at = step.sane(collection.held.count_next, step.CLAIM_MS)
    if at and at <= now then
      redis.call('HSET', 'instep:collection:' .. collection.name, 'count_next', now + step.CLAIM_MS)
      return collection
    end
  end
end

return item_totals
