-- Shared: what is to be done in which lane, and in which order the lanes are served.
--! uses calls step rate_limiter listing_schedule filters variant_pages pauses

local request, now
calls.on_begin(function() request, now = step.request, step.now end)

local lanes = {}

-- Those of which something may be sent: behind their share of the budget first, then the most urgent.
function lanes.lanes_in_turn(budget)
  local turn = {}
  for rank = 0, #step.LANES do
    for _, lane in ipairs(step.LANES) do
      if rate_limiter.rank_of(budget, lane) == rank and not pauses.is_lane_paused(lane) then turn[#turn + 1] = lane end
    end
  end
  return turn
end

-- A listing is read in the lane of the most urgent item that waits for it, in the first one for what
-- refers to its items; else in the last. Returns {lane, asked: from when on one is asked for}.
local function lane_of_listing(collection)
  local sought, asked = {}, listing_schedule.asked_for_at(collection.name)
  for i, lane in ipairs(step.LANES) do sought[i] = 'instep:due:' .. collection.name .. ':' .. lane .. ':sought' end
  -- Nearly always there is none: that is one call where this is asked a dozen times a claim.
  for i, lane in ipairs(redis.call('EXISTS', unpack(sought)) > 0 and step.LANES or {}) do
    if not pauses.is_lane_paused(lane) and redis.call('EXISTS', sought[i]) == 1 then return {lane = lane, asked = asked} end
  end
  local open = {}
  for _, lane in ipairs(step.LANES) do
    if not pauses.is_lane_paused(lane) then open[#open + 1] = lane end
  end
  return {lane = open[asked and asked <= now and 1 or #open], asked = asked}
end

-- *known*: lanes and times by the name of a collection, where several lanes are asked about at once.
function lanes.listed_in(lane, open, known)
  local listed, known = {}, known or {}
  for _, collection in ipairs(open) do
    known[collection.name] = known[collection.name] or lane_of_listing(collection)
    if known[collection.name].lane == lane then listed[#listed + 1] = collection end
  end
  return listed
end

local function head_of(key)
  return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
end

-- The ms from which something is to be done in *lane*, now or later; nil: nothing is.
function lanes.first_due(lane, open, known)
  local first, known = nil, known or {}
  if pauses.is_lane_paused(lane) then return nil end
  for _, collection in ipairs(open) do
    local at = head_of('instep:due:' .. collection.name .. ':' .. lane)
    if at and collection.shut then at = math.max(at, collection.next_try) end
    if at then first = math.min(first or step.AHEAD_MS + now, math.max(now, step.sane(at, step.AHEAD_MS))) end
    local listed = lane == step.LANES[#step.LANES] and variant_pages.variants_due(collection)
    if listed then first = math.min(first or listed, listed) end
  end
  for _, collection in ipairs(lanes.listed_in(lane, open, known)) do
    local key = 'instep:index:' .. collection.name .. ':' .. collection.index
    if redis.call('HEXISTS', key, 'pass') == 1 then return now end
    for _, asked in ipairs({known[collection.name].asked or false, filters.next_at(collection, key .. ':filter') or false}) do
      if asked then first = math.min(first or step.AHEAD_MS + now, math.max(now, asked)) end
    end
    local at = listing_schedule.unasked_at(collection, key, collection.name .. ':' .. collection.index)
    if at then first = math.min(first or at, at) end
  end
  return first
end

-- Of the collections, the one whose oldest due item of *lane* has waited longest; and the ms at
-- which the first part-filled batch has lingered for long enough, where one does.
-- *held*: the sets of which nothing may be sent now, by key.
function lanes.due_set(lane, open, held, busy)
  local best, lingers
  for _, collection in ipairs(open) do
    local key = 'instep:due:' .. collection.name .. ':' .. lane
    local at = not held[key] and head_of(key)
    if at and collection.shut then at = math.max(at, collection.next_try) end
    if at and at <= now then
      local due = redis.call('ZCOUNT', key, '-inf', now)
      if busy and due < request.batch and at > now - request.linger_ms then
        lingers = math.min(lingers or step.AHEAD_MS + now, at + request.linger_ms)
      elseif not best or at < best.at then
        best = {lane = lane, collection = collection, key = key, at = at, due = due}
      end
    elseif at then
      listing_schedule.note_due(step.sane(at, step.AHEAD_MS))
    end
  end
  return best, lingers
end

local UNMIXED_MS = 60000

-- Whether the room that is left in a request, sent so (*how*), may carry other lanes. Not one that imports files or
-- makes items, which takes longer, nor one of items that were refused before; and none for a while
-- after a request to the collection was refused as a whole, which holds up all that it carries.
function lanes.may_be_filled(collection, how)
  if collection.single then return false end
  if how.kind ~= 'update' or how.files or how.suspect or how.part ~= '' then return false end
  return (step.sane(collection.held.refused, 0) or 0) <= now - UNMIXED_MS
end

-- The requests on their way, and how many of them are of the lower lanes.
function lanes.flights_of(flight)
  local lower = flight .. ':lower'
  for _, key in ipairs({flight, lower}) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    redis.call('ZREMRANGEBYSCORE', key, now + step.CLAIM_MS + 1, '+inf')
  end
  return redis.call('ZCARD', flight), redis.call('ZINTERCARD', 2, flight, lower)
end

-- Those that are not paused; held: what is stored of each, for publish_wait.lua and plan_room.lua.
function lanes.not_paused(collections)
  local open = {}
  for _, collection in ipairs(collections) do
    collection.held = listing_schedule.read_hash('instep:collection:' .. collection.name, 'paused', 'closed', 'closed_next', 'full',
      'full_next', 'full_try', 'create_most', 'refused', 'count_next', 'relisted', 'search', 'bad', 'good')
    if not collection.held.paused then open[#open + 1] = collection end
  end
  return open
end

return lanes
