-- Shared: records at rest whose key no item has. They are kept as long as tombstones are; where there are
-- too many they go at once: all that is lost is how new their values were, of which none was written.
--   instep:resting  sorted set: <collection>:<record>, by the ms since which no item has it
--! uses calls step items

local request, now
local resting_most
calls.on_begin(function()
  request, now = step.request, step.now
  resting_most = nil
end)
local resting_records = {}
local RESTING_MS = 30 * 86400000
local RESTING_MOST = 50000
local RESTING_BYTES = 600  -- of one, about
local RESTING_PART = 16    -- of the memory of a store with a limit

-- Nothing of it waits, lies in a letter or is on its way.
function resting_records.is_at_rest(item)
  for _, field in pairs(item.fields) do
    if field.state == 'pending' or field.state == 'dead' or items.wants_repair(field) then return false end
  end
  return not (next(item.left) or item.meta.held or item.meta.claim or item.meta.lookup or item.meta.lane)
end

local function was_written(item)
  for slug, field in pairs(item.fields) do
    local shown = field.state == 'written' or field.state == 'unchanged'
    if (shown and slug ~= items.GONE) or field.history then return true end
  end
  return false
end

-- A request may still land that makes its item, or takes one away.
local function is_in_doubt(item)
  return math.max(tonumber(item.meta.doubt) or 0, tonumber(item.meta.hold) or 0) > now
end

local function forget(item)
  local name = item.collection .. ':' .. item.record
  redis.call('DEL', item.key)
  items.note_gone(item)
  redis.call('ZREM', 'instep:resting', name)
  redis.call('ZREM', 'instep:tombstones', name)
  redis.call('SREM', 'instep:not-live:' .. item.collection, item.record)
end

-- *name*: resting, or tombstones.
local function is_full_of(name)
  local number = redis.call('ZCARD', 'instep:' .. name)
  if number < 1000 then return false end
  if not resting_most then
    local limit = step.memory_limit()
    resting_most = limit > 0 and math.min(RESTING_MOST, limit / RESTING_PART / RESTING_BYTES) or RESTING_MOST
  end
  return number >= resting_most
end

-- The retirement of a record that was never written anywhere; where items are created it is kept, so that
-- nothing older creates it.
function resting_records.rest_or_forget(item)
  if request.missing ~= 'create' and resting_records.is_at_rest(item) and not was_written(item) and not is_in_doubt(item)
      and is_full_of('tombstones') then
    forget(item)
  end
end

-- Call it once *item*, whose key no item has, is saved. *at_once*: it is forgotten, not kept for a while.
function resting_records.rest(item, at_once)
  if items.in_force(item) or not resting_records.is_at_rest(item) then return end
  local plain = not was_written(item) and not is_in_doubt(item)
  if plain and (at_once or item.freed or is_full_of('resting')) then return forget(item) end
  redis.call('ZADD', 'instep:resting', 'NX', now, item.collection .. ':' .. item.record)
end

-- *copies*: {collection: copy}, of which the ids are. A record may be that of an id itself.
function resting_records.has_item(item, copies)
  local place = item.collection .. ':' .. (copies[item.collection] or '')
  local kinds = item.meta.by == 'item' and {'keys:', 'status:'} or {'ids:'}
  for _, kind in ipairs(kinds) do
    if redis.call('HEXISTS', 'instep:' .. kind .. place, item.record) == 1 then return true end
  end
  return false
end

function resting_records.trim(copies)
  local key = 'instep:resting'
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now - RESTING_MS, 'LIMIT', 0, 100)) do
    local item = items.load(string.match(name, '^([^:]*):(.*)$'))
    if resting_records.is_at_rest(item) and not items.in_force(item) and not resting_records.has_item(item, copies) then
      forget(item)
    else
      redis.call('ZREM', key, name)
    end
  end
end

return resting_records
