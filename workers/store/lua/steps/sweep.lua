#!lua flags=allow-oom
-- sweep: who is to be woken: destinations whose stored time has come, and those that have due
-- items and neither a stored time nor a job on its way; and the fetch queue, as one of them. Mends
-- times that a clock jump left behind, and drops tombstones that are old.
-- ARGV[2]: {destinations: [{name, collections: [name]}], fetchers: [name],
--   kept: {source: {ms, most}}}: deliveries that are kept no longer are dropped
--   history: history.lua   places: {collection: copy}
-- Returns {wake: [name], ms}: until the next stored time, at most 1,000.
--! uses state history arrivals dead_letters retirements resting raw_bodies fetch_queue delivery_log publish_wait room

local STEPPED_MS = 1000  -- by less than this it is waited for
local MADE_UP = 0.003    -- of the time, in which all waits are so much longer: 1.8 s in ten minutes

-- instep:clock  "<now> <ms>": how far it was at the last sweep, and by how much the clock has gone
-- back since it was right: all steps add that, so that what was due stays due and a wait is as long
-- as it was. It is made up for little by little, and at once by a clock that goes forward again.
local function note_clock()
  local clock_now, back = math.floor(now_us / 1000), tonumber(clock_back) or 0
  local seen = tonumber(clock_seen) or 0
  if clock_now + back < seen - STEPPED_MS then
    back = seen - clock_now
  elseif clock_now + back > seen + AHEAD_MS then
    back = math.max(0, back - (clock_now + back - seen))
  elseif back > 0 then
    local made_up = math.floor(MADE_UP * (now - seen))
    if made_up < 1 then return end  -- not a ms at every sweep, of which there may be many
    back = math.max(0, back - made_up)
  end
  redis.call('SET', P .. 'clock', string.format('%.0f %.0f', math.max(seen, clock_now + back), back))
end

local MENDED = 2000  -- members of one set in one step
local mending = false -- some are left

local function mend(key)
  local ahead = redis.call('ZRANGEBYSCORE', key, '(' .. (now + AHEAD_MS), '+inf', 'LIMIT', 0, MENDED)
  for first = 1, #ahead, 100 do
    local put = {}
    for n = first, math.min(first + 99, #ahead) do
      put[#put + 1] = now
      put[#put + 1] = ahead[n]
    end
    redis.call('ZADD', key, unpack(put))
  end
  mending = mending or #ahead == MENDED
end

-- *told*: a claim said when to come back. It knew of the look-ups, but not of what came since.
-- *lanes*: those of which something may be sent now.
local function has_due(destination, told, lanes)
  for _, collection in ipairs(destination.collections) do
    local stopped = redis.call('HGET', P .. 'collection:' .. collection, 'paused')
    if not (stopped or is_shut(collection)) then
      local held = redis.call('HMGET', P .. 'collection:' .. collection, 'full', 'full_next')
      if may_have_room(collection, held[1], held[2]) then return true end
      for _, lane in ipairs(lanes) do
        local key = P .. 'due:' .. collection .. ':' .. lane
        if redis.call('ZCOUNT', key, '-inf', now) > 0 then return true end
      end
      if not told and (redis.call('ZCARD', P .. 'lookup:' .. collection) > 0
          or redis.call('ZCOUNT', P .. 'wanted:' .. collection, '-inf', now) > 0) then
        return true
      end
    end
  end
  return false
end

local function drop_tombstones()
  local key = P .. 'tombstones'
  local old = redis.call('ZRANGEBYSCORE', key, '-inf', now - TOMBSTONE_MS, 'LIMIT', 0, 100)
  for _, name in ipairs(old) do
    local collection, record = string.match(name, '^([^:]*):(.*)$')
    local item = load_item(collection, record)
    if in_force(item) and not is_at_rest(item) then
      redis.call('ZADD', key, now, name)
    else
      redis.call('ZREM', key, name)
      if in_force(item) then redis.call('DEL', item.key) end
    end
  end
end

local keepers, limit = 0, memory_limit()
for _ in pairs(given(request.kept) or {}) do keepers = keepers + 1 end
local share = limit > 0 and limit / KEPT_PART / math.max(1, keepers) or nil
for source, kept in pairs(given(request.kept) or {}) do trim_idle(source, kept, share) end
note_clock()
mend(P .. 'wakes')
trim_history()
drop_tombstones()
drop_resting(given(request.places) or {})
trim_closed()
local wake = {}
for _, destination in ipairs(request.destinations) do
  for _, collection in ipairs(destination.collections) do
    for _, lane in ipairs(LANES) do mend(P .. 'due:' .. collection .. ':' .. lane) end
  end
  if not paused(destination.name) then
    local at = tonumber(redis.call('ZSCORE', P .. 'wakes', destination.name))
    local ready = at and at <= now
    -- A stored time may be that of a repair in a minute: it holds up nothing that is due now.
    local held = redis.call('HMGET', P .. 'destination:' .. destination.name, 'gate_until',
      'lower_until')
    local lanes = (sane(held[2], 61000) or 0) > now and {'live'} or LANES
    if not ready and (sane(held[1], 61000) or 0) <= now then
      ready = has_due(destination, at, lanes)
    end
    if ready and claim_marker(destination.name) then wake[#wake + 1] = destination.name end
  end
end
local fetch = false
local fetchers = given(request.fetchers) or {}
for _, name in ipairs(fetchers) do
  mend(P .. 'fetches:' .. name)
  local due = redis.call('ZCOUNT', P .. 'fetches:' .. name, '-inf', now) > 0
  fetch = fetch or (due and not rests_till(name))
end
if #fetchers > 0 and fetch and claim_marker(QUEUE) then wake[#wake + 1] = QUEUE end
local ms = mending and 0 or 1000
local first = redis.call('ZRANGEBYSCORE', P .. 'wakes', '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if first[2] then ms = math.min(ms, tonumber(first[2]) - now) end
return answer({wake = wake, ms = ms})
