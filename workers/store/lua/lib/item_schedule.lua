-- When an item is due, and in which sets of its collection it stands:
--   instep:due:<collection>:<lane>   sorted set: by the ms from which it may be sent; …:sought: it has no
--     id yet; …:room: the plan has no room for it (plan_room.lua). What a paused source gave counts for
--     none of them (pauses.lua)
--   instep:waiting:<collection>      sorted set: by the ms since which its oldest value waits
--! uses calls step items pauses

local now, lands_by  -- no request that is claimed now lands later
calls.on_begin(function() now, lands_by = step.now, step.now + step.SEND_MS + step.LATE_MS end)
local item_schedule = {}

function item_schedule.end_lookup(item)
  redis.call('ZREM', 'instep:lookup:' .. item.collection, item.record)
  redis.call('ZREM', 'instep:filter:' .. item.collection, item.record)
  items.set(item, 'lookup', nil)
end

-- Takes an item that there is no longer out of all that `place` puts it into.
function item_schedule.remove(item)
  for _, lane in ipairs(step.LANES) do
    for _, rest in ipairs({'', ':sought', ':room'}) do
      redis.call('ZREM', 'instep:due:' .. item.collection .. ':' .. lane .. rest, item.record)
    end
  end
  redis.call('ZREM', 'instep:waiting:' .. item.collection, item.record)
  pauses.rest(item, nil)
  item_schedule.end_lookup(item)
end

-- When what is due *at* may be sent: while a request may land that takes the item away, only a
-- retirement may.
function item_schedule.after_hold(item, at)
  local hold = tonumber(item.meta.hold)
  if not hold or items.in_force(item) then return at end
  -- Further ahead than its own maximum: as with repair marks, it gets all of its time again.
  hold = math.min(hold, lands_by)
  items.set(item, 'hold', hold > now and hold or nil)
  return math.max(at, hold)
end

-- A mark further ahead than its own maximum was set before the clock stepped back: how long the
-- request may still land is no longer known, so it is given all of its time again.
local function clamp_future(item)
  for slug, field in pairs(item.fields) do
    if field.repair_at and field.repair_at > lands_by then
      field.repair_at = lands_by
      items.touch(item, slug)
    end
  end
end

-- Puts an item where its fields say: into the due set of its lane, into the set of those of its
-- lane that wait for an item id, or nowhere. Call it after every change, before save.
function item_schedule.place(item)
  local lane, oldest, repair, repaired, rest
  local paused, later  -- by source: since when it waits; the lane in which the rest waits for its resume
  clamp_future(item)
  for _, field in pairs(item.fields) do
    local waits = field.blocked_since and not item.meta.woken
    local pending, repairs = field.state == 'pending', items.wants_repair(field)
    local held = (pending or repairs) and pauses.holds(field)
    if pending then oldest = math.min(oldest or field.since, field.since) end
    if held == 'source' then
      paused = paused or {}
      paused[field.source] = math.min(paused[field.source] or now, pending and field.since or now)
    elseif held then
      later = math.min(later or 3, field.lane or 1)
    elseif pending then
      if waits then
        rest = math.min(rest or 3, field.lane or 1)
      else
        lane = math.min(lane or 3, field.lane or 1)
      end
    elseif waits and repairs then
      rest = rest or 1
    elseif repairs then
      repair = math.min(repair or field.repair_at, field.repair_at)
      repaired = math.min(repaired or 3, field.lane or 1)
    end
  end
  -- No item is made without what is held.
  if item.meta.make and (paused or later) then lane, repair, repaired = nil, nil, nil end
  pauses.rest(item, paused)
  local at
  local claim = items.live_claim(item)
  if claim then
    at = claim.till
    lane = lane or repaired or pauses.open_lane()  -- where its end is noticed
  elseif lane or repair or later then
    -- A repair that failed backs off like anything else.
    at = step.sane(item.meta.due, step.AHEAD_MS) or now
    if repair and not lane then at = math.max(at, repair) end
    at = item_schedule.after_hold(item, at)
    lane = lane or repaired or later
  end
  if oldest then
    redis.call('ZADD', 'instep:waiting:' .. item.collection, oldest, item.record)
  else
    redis.call('ZREM', 'instep:waiting:' .. item.collection, item.record)
    if item.meta.lookup and not at then item_schedule.end_lookup(item) end
  end
  local name = lane and step.LANES[lane]
  if name and item.meta.lookup then
    name = name .. ':sought'
  elseif name and item.meta.roomless and not items.in_force(item) then
    name = name .. ':room'  -- it waits for room (plan_room.lua)
  end
  if item.meta.lane and item.meta.lane ~= name then
    redis.call('ZREM', 'instep:due:' .. item.collection .. ':' .. item.meta.lane, item.record)
  end
  if name then
    redis.call('ZADD', 'instep:due:' .. item.collection .. ':' .. name, at, item.record)
  end
  items.set(item, 'lane', name)
  items.set(item, 'rest', rest and step.LANES[rest])
  if not (at or rest or paused) then items.set(item, 'make', nil) end  -- nothing of it is left to be written
end

return item_schedule
