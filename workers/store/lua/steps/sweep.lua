--! flags allow-oom
-- sweep: finds whom to wake: destinations whose stored time has come, and those that have due
-- items and neither a stored time nor a job on its way; and the fetch queue, as one of them. Mends
-- times that a clock jump left behind, and drops tombstones that are old. Ends pauses whose time is over, and
-- lets go what rested in them.
-- ARGV[2]: {destinations: [{name, collections: [name], publishes}], fetchers: [name],
--   kept: {source: {ms, most}}}: deliveries that are kept no longer are dropped
--   lives: {bytes, ms} (life_bounds.lua)   undo: the same (undo_bounds.lua)   places: {collection: copy}
--   audit_most: of the audit list
-- Returns {wake: [name], ms, held: [collection]}: ms until the next stored time, at most 1,000; held:
--   in which held retirements are to be decided on (held_sweep.lua).
-- Errors: none: a full store does this as well.
--! uses step items wakeups life_bounds undo_bounds dead_letters pauses item_schedule destination_health
--! uses resting_records fetch_queue delivery_log plan_room publish_wait audit_list

local request, now, now_us, given = step.request, step.now, step.now_us, step.given

local TOMBSTONE_MS = 30 * 86400000  -- for which one of an item that is not there is kept
local STEPPED_MS = 1000  -- by less than this it is waited for
local RELEASED = 2000    -- what one step takes to let items go, as of a claim (workers/store/claims.py)
local MADE_UP = 0.003    -- of the time, in which all waits are so much longer: 1.8 s in ten minutes

-- instep:clock  "<now> <ms>": how far it was at the last sweep, and by how much the clock has gone
-- back since it was right: all steps add that, so that what was due stays due and a wait is as long
-- as it was. It is made up for little by little, and at once by a clock that goes forward again.
local function note_clock()
  local clock_now, back = math.floor(now_us / 1000), tonumber(step.clock_back) or 0
  local seen = tonumber(step.clock_seen) or 0
  if clock_now + back < seen - STEPPED_MS then
    back = seen - clock_now
  elseif clock_now + back > seen + step.AHEAD_MS then
    back = math.max(0, back - (clock_now + back - seen))
  elseif back > 0 then
    local made_up = math.floor(MADE_UP * (now - seen))
    if made_up < 1 then return end  -- not a ms at every sweep, of which there may be many
    back = math.max(0, back - made_up)
  end
  redis.call('SET', 'instep:clock', string.format('%.0f %.0f', math.max(seen, clock_now + back), back))
end

local CLAMPED = 2000  -- members of one set in one step
local unclamped = false -- some are left

local function clamp_future(key)
  local ahead = redis.call('ZRANGEBYSCORE', key, '(' .. (now + step.AHEAD_MS), '+inf', 'LIMIT', 0, CLAMPED)
  for first = 1, #ahead, 100 do
    local put = {}
    for n = first, math.min(first + 99, #ahead) do
      put[#put + 1] = now
      put[#put + 1] = ahead[n]
    end
    redis.call('ZADD', key, unpack(put))
  end
  unclamped = unclamped or #ahead == CLAMPED
end

-- *has_time*: a claim said when to come back. It knew of the look-ups, but not of what came since.
-- *lanes*: those of which something may be sent now.
local function has_due(destination, has_time, lanes)
  if destination.publishes and not has_time and lanes[1] == 'live' then
    local at = step.sane(redis.call('HGET', 'instep:publishing:' .. destination.name, 'next'), step.AHEAD_MS)
    if at and at <= now then return true end
  end
  for _, collection in ipairs(destination.collections) do
    local stopped = redis.call('HGET', 'instep:collection:' .. collection, 'paused')
    if not (stopped or publish_wait.is_shut(collection)) then
      local held = redis.call('HMGET', 'instep:collection:' .. collection, 'full', 'full_next')
      if plan_room.may_try(collection, held[1], held[2]) then return true end
      for _, lane in ipairs(lanes) do
        local key = 'instep:due:' .. collection .. ':' .. lane
        if redis.call('ZCOUNT', key, '-inf', now) > 0 then return true end
      end
      if not has_time and (redis.call('ZCARD', 'instep:lookup:' .. collection) > 0
          or redis.call('ZCOUNT', 'instep:wanted:' .. collection, '-inf', now) > 0) then
        return true
      end
    end
  end
  return false
end

local function drop_tombstones()
  local key = 'instep:tombstones'
  local old = redis.call('ZRANGEBYSCORE', key, '-inf', now - TOMBSTONE_MS, 'LIMIT', 0, 100)
  for _, name in ipairs(old) do
    local collection, record = string.match(name, '^([^:]*):(.*)$')
    local item = items.load(collection, record)
    if items.in_force(item) and not resting_records.is_at_rest(item) then
      redis.call('ZADD', key, now, name)
    else
      redis.call('ZREM', key, name)
      if items.in_force(item) then
        redis.call('DEL', item.key)
        items.note_gone(item)
      end
    end
  end
end

-- Returns whether more is left to be let go.
local function end_pauses()
  local over = pauses.end_over()
  for _, destination in ipairs(request.destinations) do
    local name = destination.name
    if destination_health.is_pause_over('instep:destination:' .. name) then
      destination_health.record(name, {event = 'resume'})
      over[#over + 1] = 'destination:' .. name
    end
    for _, collection in ipairs(destination.collections) do
      if destination_health.is_pause_over('instep:collection:' .. collection) then
        destination_health.record(name, {event = 'resume', collection = collection})
        over[#over + 1] = 'collection:' .. collection
      end
    end
  end
  for _, name in ipairs(over) do
    audit_list.add({by = 'instep', action = 'resume', target = name, figures = '{"reason":"its time is over"}'},
      given(request.audit_most) or 10000)
  end
  return pauses.release(function(item)
    item_schedule.place(item)
    items.save(item)
  end, RELEASED)
end

local keepers, limit = 0, step.memory_limit()
for _ in pairs(given(request.kept) or {}) do keepers = keepers + 1 end
local share = limit > 0 and limit / delivery_log.KEPT_PART / math.max(1, keepers) or nil
for source, kept in pairs(given(request.kept) or {}) do delivery_log.trim_idle(source, kept, share) end
note_clock()
clamp_future('instep:wakes')
local more_lives = life_bounds.trim(given(request.lives))
local more_undo = undo_bounds.trim(request.undo)
redis.call('UNLINK', 'instep:history', 'instep:history-trimmed')  -- of an older release
drop_tombstones()
resting_records.trim(given(request.places) or {})
dead_letters.trim_closed()

-- The wait of some retirements of *collection* has ended, or those that wait are to be told that they are asked for.
local function has_held(collection)
  local key = 'instep:held-delay:' .. collection
  clamp_future(key)
  if redis.call('ZCOUNT', key, '-inf', now) > 0 then return true end
  return redis.call('EXISTS', key) == 1 and redis.call('HEXISTS', 'instep:collection:' .. collection, 'asks') == 1
end

local resting = end_pauses()
local open_lanes = {}
for _, lane in ipairs(step.LANES) do
  if not pauses.is_lane_paused(lane) then open_lanes[#open_lanes + 1] = lane end
end
local wake, held = {}, {}
for _, destination in ipairs(request.destinations) do
  for _, collection in ipairs(destination.collections) do
    if has_held(collection) then held[#held + 1] = collection end
    for _, lane in ipairs(step.LANES) do clamp_future('instep:due:' .. collection .. ':' .. lane) end
  end
  if not wakeups.paused(destination.name) then
    local at = tonumber(redis.call('ZSCORE', 'instep:wakes', destination.name))
    local ready = at and at <= now
    -- A stored time may be that of a repair in a minute: it holds up nothing that is due now.
    local gates = redis.call('HMGET', 'instep:destination:' .. destination.name, 'gate_until',
      'lower_until')
    local lanes = open_lanes
    if (step.sane(gates[2], 61000) or 0) > now then lanes = {open_lanes[1] == 'live' and 'live' or nil} end
    if not ready and (step.sane(gates[1], 61000) or 0) <= now then
      ready = has_due(destination, at, lanes)
    end
    if ready and open_lanes[1] and wakeups.claim_marker(destination.name) then wake[#wake + 1] = destination.name end
  end
end
local fetch = false
local fetchers = given(request.fetchers) or {}
for _, name in ipairs(fetchers) do
  clamp_future('instep:fetches:' .. name)
  local due = redis.call('ZCOUNT', 'instep:fetches:' .. name, '-inf', now) > 0
  fetch = fetch or (due and not fetch_queue.rests_till(name))
end
if #fetchers > 0 and fetch and wakeups.claim_marker(fetch_queue.QUEUE) then wake[#wake + 1] = fetch_queue.QUEUE end
local ms = (unclamped or more_lives or more_undo or resting) and 0 or 1000
local first = redis.call('ZRANGEBYSCORE', 'instep:wakes', '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if first[2] then ms = math.min(ms, tonumber(first[2]) - now) end
return step.answer({wake = wake, ms = ms, held = held})
