-- Shared: the plan has no room for another item. Creating stops in the collection, nothing else;
-- one record is tried now and then, and after each deletion of ours.
-- In instep:collection:<collection>:
--   full           what the CMS said of it       full_since    ms
--   full_next      ms of the next try            full_try      the record that may be tried
--   create_most    so many are created at once   create_refused   ms of the last refusal
-- roomless of an item: it is to be created, and waits for room in
--   instep:due:<collection>:<lane>:room        (item_schedule.lua)
--! uses calls step items item_schedule

local now
calls.on_begin(function() now = step.now end)
local plan_room = {}
local ROOM_MS = 600000
local UNSURE_MS = 30000   -- the answer to a try said nothing of room
local GROWS_MS = 60000    -- since the last refusal: then more are created at once again
local MOVED = 100         -- records that leave that set in one step: the largest batch

local function waiting_key(name, lane)
  return 'instep:due:' .. name .. ':' .. lane .. ':room'
end

function plan_room.has_waiting(name)
  local sets = {}
  for i, lane in ipairs(step.LANES) do sets[i] = waiting_key(name, lane) end
  return redis.call('EXISTS', unpack(sets)) > 0
end

-- Whether one of what waits is to be tried, or all may go.
function plan_room.may_try(name, full, full_next)
  if full and (step.sane(full_next, ROOM_MS) or now) > now then return false end
  return plan_room.has_waiting(name)
end

-- The first *most* of what waits, in the order of their lanes, are due again.
local function release(name, most)
  local first
  for _, lane in ipairs(step.LANES) do
    local records = redis.call('ZRANGE', waiting_key(name, lane), 0, most - 1)
    most = most - #records
    for _, record in ipairs(records) do
      local item = items.load(name, record)
      first = first or record
      items.set(item, 'roomless', nil)
      item_schedule.place(item)
      -- An entry of nothing that is there would be met again and again.
      if item.meta.lane ~= lane .. ':room' then
        redis.call('ZREM', waiting_key(name, lane), record)
      end
      items.save(item)
    end
    if most <= 0 then break end
  end
  return first
end

-- Notes what may be created in each collection, and lets go what may.
function plan_room.note_collections(collections)
  for _, collection in ipairs(collections) do
    local key, held = 'instep:collection:' .. collection.name, collection.held
    collection.create_most = tonumber(held.create_most)
    if held.full then
      collection.full, collection.full_try = true, held.full_try
      collection.full_next = step.sane(held.full_next, ROOM_MS) or now
    end
    if not collection.shut and plan_room.may_try(collection.name, held.full, held.full_next) then
      local first = release(collection.name, collection.full and 1 or MOVED)
      if collection.full then
        collection.full_try, collection.full_next = first, now + ROOM_MS
        redis.call('HSET', key, 'full_try', first, 'full_next', collection.full_next)
      end
    end
  end
end

-- Whether *record* may be created now; one that comes when a try is due is that try.
function plan_room.has_room(collection, record)
  if not collection.full or collection.full_try == record then return true end
  if collection.full_next > now then return false end
  collection.full_try, collection.full_next = record, now + ROOM_MS
  redis.call('HSET', 'instep:collection:' .. collection.name, 'full_try', record,
    'full_next', collection.full_next)
  return true
end

-- The CMS had no room: for all of a batch, of which *most* are to be tried next; 0: for one alone.
function plan_room.note_refusal(name, why, most)
  local key = 'instep:collection:' .. name
  local held = tonumber(redis.call('HGET', key, 'create_most') or nil)
  redis.call('HSET', key, 'create_most', math.max(1, math.min(held or most, most)),
    'create_refused', now)
  if most > 0 then return end
  if redis.call('HSETNX', key, 'full_since', now) == 1 then
    step.tell('plan limit', {collection = name, reason = why})
  end
  redis.call('HSET', key, 'full', why, 'full_next', now + ROOM_MS)
  redis.call('HDEL', key, 'full_try')
end

-- What else the CMS may answer. *made*: there are new items, so there was room.
function plan_room.note_answer(name, made)
  local key = 'instep:collection:' .. name
  local held = redis.call('HMGET', key, 'full', 'create_most', 'create_refused', 'full_try')
  if not made then
    if held[1] and held[4] then
      redis.call('HDEL', key, 'full_try')
      redis.call('HSET', key, 'full_next', now + UNSURE_MS)
    end
    return
  end
  if held[1] then step.tell('room', {collection = name}) end
  redis.call('HDEL', key, 'full', 'full_since', 'full_next', 'full_try')
  local most = tonumber(held[2] or nil)
  if not most or (step.sane(held[3], 0) or 0) > now - GROWS_MS then return end
  if 2 * most >= MOVED then
    redis.call('HDEL', key, 'create_most', 'create_refused')
  else
    redis.call('HSET', key, 'create_most', 2 * most)
  end
end

-- An item was deleted, or an operator says that there is room: one of what waits is tried at once.
function plan_room.try_at_once(name)
  local key = 'instep:collection:' .. name
  if redis.call('HEXISTS', key, 'full') == 1 then redis.call('HSET', key, 'full_next', now) end
end

return plan_room
