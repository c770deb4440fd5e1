-- Shared: which keys a filter asks for, up to 100 by one call, and when. A listing is for the others:
-- those that no filter has shown and of which none can say that they are not there (filter_answers.lua).
--
-- instep:filter:<collection>  sorted set: of instep:lookup:<collection>, the records that no filter
--   has been asked for yet, by the ms from which one may be
-- instep:index:<collection>:<copy>:filter  hash
--   keys, canary, began, offset, total   the one that is being read, and its next page
--     canary: a key that the index knows. An answer that does not show it shows nothing of others.
--   lock, holder          as in listing_schedule.lua
--   next, gap             not before; it grows while nothing is found and nothing comes of it
--   off                   none is asked until then: this site answers none, or none came
--   failed, blind         times in a row that no answer came, and that one did not show its canary
--   proven                ms at which one that named several keys showed some of them
-- asks, asked of an item: how often it was asked for since it had an id, and when last
--! uses calls step listing_schedule

local now
calls.on_begin(function() now = step.now end)
local filters = {}
local FILTERED = 100       -- keys of one call
filters.ASK_AGAIN_MS = 30000 -- the longest between two filters for one key
filters.OFF_MS = 86400000

local function is_off(held) return (step.sane(held, filters.OFF_MS) or 0) > now end

function filters.is_proven(held) return (step.sane(held, 0) or 0) > now - filters.OFF_MS end

-- *item* waits for its id: by filter first, where that may find it. Not what was forgotten, whose id
-- a filter may have given and may give again; nor what a request may have created since: a filter
-- may lag behind that, and a listing of what is new costs no more.
function filters.add_record(collection, item)
  if collection.whole or item.meta.doubt or item.meta.forgotten then return end
  if collection.unfiltered == nil then
    local slot = 'instep:index:' .. collection.name .. ':' .. collection.index .. ':filter'
    collection.unfiltered = is_off(redis.call('HGET', slot, 'off'))
  end
  if collection.unfiltered then return end
  local at, asks = now, tonumber(item.meta.asks) or 0
  if asks > 0 then
    local rest = math.min(filters.ASK_AGAIN_MS, 500 * 2 ^ math.min(asks, 10))
    at = math.max(now, (step.sane(item.meta.asked, 0) or 0) + rest)
  end
  redis.call('ZADD', 'instep:filter:' .. collection.name, at, item.record)
end

-- The ms from which a page of a filter is to be read; nil: of none.
function filters.next_at(collection, slot)
  if collection.whole then return nil end
  local held = listing_schedule.read_hash(slot, 'keys', 'lock', 'next')
  local lock = step.sane(held.lock, step.CLAIM_MS)
  if lock and lock > now then return lock end
  if held.keys then return now end
  local set = 'instep:filter:' .. collection.name
  local head = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]
  if not head then return nil end
  -- A full call is worth one whatever the last one found.
  if redis.call('ZCOUNT', set, '-inf', now) >= FILTERED - 1 then return now end
  return math.max(step.sane(head, filters.ASK_AGAIN_MS) or now, step.sane(held.next, filters.ASK_AGAIN_MS) or now)
end

-- Of a few keys that the index knows, the one whose item a listing has shown to be the oldest.
local function canary_of(place, keys)
  local chosen, first = {}, nil
  for _, key in ipairs(keys) do chosen[key] = true end
  local best
  for _, key in ipairs(redis.call('HRANDFIELD', 'instep:ids:' .. place, 8)) do
    local id = redis.call('HGET', 'instep:ids:' .. place, key)
    local born = not chosen[key] and redis.call('HGET', 'instep:born:' .. place, id)
    if born and (not first or born < first) then best, first = key, born end
  end
  return best
end

local function choose_keys(collection, place, proven)
  local set, lookup = 'instep:filter:' .. collection.name, 'instep:lookup:' .. collection.name
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', set, '(' .. (now + filters.ASK_AGAIN_MS), '+inf')) do
    redis.call('ZADD', set, now, record)  -- since before the clock stepped back
  end
  local keys = {}
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, FILTERED)) do
    if redis.call('ZSCORE', lookup, record) then
      keys[#keys + 1] = record
    else
      redis.call('ZREM', set, record)
    end
  end
  local canary = (not proven or #keys < FILTERED) and canary_of(place, keys) or nil
  if canary and #keys == FILTERED then keys[#keys] = nil end
  return keys, canary
end

-- The page of a filter that is to be read now; second, whether one is on its way.
function filters.page(collection, key, place)
  local slot = key .. ':filter'
  local held = listing_schedule.read_hash(slot, 'keys', 'canary', 'offset', 'lock', 'off', 'proven')
  if collection.whole or (not held.keys and is_off(held.off)) then
    redis.call('UNLINK', 'instep:filter:' .. collection.name)
    return nil
  end
  local at = filters.next_at(collection, slot)
  if not at or at > now then
    listing_schedule.note_due(at)
    return nil
  end
  if not held.keys then
    local keys, canary = choose_keys(collection, place, filters.is_proven(held.proven))
    if #keys == 0 then
      if redis.call('EXISTS', 'instep:filter:' .. collection.name) == 1 then listing_schedule.note_due(now + 1) end
      return nil
    end
    redis.call('HDEL', slot, 'canary', 'total', 'torn', 'shown')
    redis.call('HSET', slot, 'keys', cjson.encode(keys), 'began', now, 'offset', 0)
    if canary then redis.call('HSET', slot, 'canary', canary) end
    held = {keys = cjson.encode(keys), canary = canary, offset = 0}
  end
  return {step = 'filter', slot = ':filter', keys = cjson.decode(held.keys), since = false,
    edited = false, canary = held.canary or false, offset = tonumber(held.offset)}
end

return filters
