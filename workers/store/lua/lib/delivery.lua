-- Shared, of accept: the delivery that is accepted: where it stands, and what becomes of its events.
--! uses calls step arrivals sliced_request version_kinds deduplication event_letters body_letters
--! uses source_logs delivery_log raw_bodies gathered

local given = step.given
local request, now
local LANES = {live = 1, fetched = 1, remap = 2, undo = 2, reconcile = 3}

local delivery = {}
local here  -- ids of events that are taken
local headers
calls.on_begin(function()
  request, now = step.request, step.now
  here, headers = {}, nil
  delivery.lane = LANES[request.mode]  -- of what it changes
  delivery.due = delivery.lane == 3 and now + request.hold_ms or now
  delivery.events = {}  -- but for the repeats
  delivery.duplicates, delivery.failed, delivery.fresh = 0, 0, 0  -- events: repeats, not read whole, taken
  delivery.repeats, delivery.unwanted, delivery.taken = {}, {}, {}  -- places of events
  -- The delivery log has it, or will: {number, …}; the arrival number when it came.
  delivery.kept, delivery.before = nil, nil
  delivery.has_log, delivery.is_duplicate = false, false
end)

-- What no mapping wants is never marked seen: a repeat of it counts like the first.
function delivery.is_wanted(event) return #event.changes > 0 or #event.fetches > 0 end

local function is_repeat(event)
  -- The letter of a fetch that failed is one of an event that was taken.
  if request.mode == 'remap' and #event.fetches > 0 then return false end
  if not deduplication.is_repeat(event, here) then return false end
  if here[event.id] then return true end
  -- The repeat of an event of which something was left out is a replay of its letter.
  event.again = event_letters.find_place(event)
  return not event.again
end

-- Null is true in an `if`: from here on what is not given is nil.
local function leave_out_nulls(event)
  event.id, event.name, event.again, event.log = given(event.id), given(event.name), given(event.again), given(event.log)
  for _, change in ipairs(event.changes) do
    change.version, change.echo, change.shown = given(change.version), given(change.echo), given(change.shown)
    change.snapshot, change.stands = given(change.snapshot), given(change.stands)
  end
end

local function sort_event(event)
  leave_out_nulls(event)
  if event.again then body_letters.restore_place(event) end
  local repeated = is_repeat(event)
  if repeated or (event.again and request.mode == 'live') then
    delivery.repeats[#delivery.repeats + 1] = event.place
  end
  if repeated then
    delivery.duplicates = delivery.duplicates + 1
    return
  end
  if event.log then
    source_logs.place_event(event)
    delivery.has_log = true
  end
  local kinds = version_kinds.leave_out(event)
  if #event.problems > 0 then delivery.failed = delivery.failed + 1 end
  if delivery.is_wanted(event) then
    delivery.fresh = delivery.fresh + 1
    delivery.taken[#delivery.taken + 1] = event.place
    version_kinds.add(kinds)
    if event.id then here[event.id] = true end
  else
    delivery.unwanted[#delivery.unwanted + 1] = event.place
  end
  delivery.events[#delivery.events + 1] = event
end

function delivery.sort_events()
  for _, event in ipairs(request.events) do sort_event(event) end
  delivery.is_duplicate = delivery.duplicates > 0 and delivery.fresh == 0 and delivery.failed == 0
end

function delivery.raw_of(event)
  local own = given(event.body)
  return {source = request.source, raw = given(event.raw) or request.raw,
    text = own or sliced_request.body(), encoding = own and 'text' or request.encoding}
end

-- As letters and notices keep them.
function delivery.headers_text()
  headers = headers or cjson.encode(request.headers)
  return headers
end

-- Notices that wait hold raw bodies too; each source has room for so many.
function delivery.has_room()
  local bytes, weighed = 0, {}
  for _, event in ipairs(delivery.events) do
    if #event.fetches > 0 then bytes = bytes + raw_bodies.weight_of(delivery.raw_of(event), weighed) end
  end
  -- As much again as the letters may take: these cannot keep the notices out.
  return bytes == 0 or raw_bodies.has_room(bytes, 2)
end

-- Its place among the others, and in the log.
function delivery.begin()
  local sliced = sliced_request.now
  delivery.before = sliced and tonumber(sliced.before) or arrivals.last()
  if sliced then
    delivery.kept = sliced.number > 0 and {number = sliced.number} or nil
  elseif given(request.kept) and (delivery.duplicates == 0 or #delivery.events > 0) then
    -- Beside repeats there may be what nothing wanted: a duplicate by its outcome, and yet kept.
    delivery.kept = delivery_log.begin()
  end
end

-- Counts it for its source.
function delivery.count(duplicate)
  if request.mode ~= 'live' then return end
  local key = 'instep:source:' .. request.source
  gathered.add(key, 'deliveries', 1)
  if duplicate then gathered.add(key, 'duplicates', 1) end
  if not duplicate and given(request.spooled) then delivery.count_outcome('spooled') end
  if given(request.secret) then gathered.add(key, 'secret:' .. request.secret, 1) end
end

-- One that was neither kept, which are the rest of all, nor a duplicate.
function delivery.count_outcome(outcome)
  step.measure('deliveries:' .. request.source .. ':' .. outcome, 1)
end

-- *fresh*, *failed*: of its events, so many were taken, and so many could not be read whole.
function delivery.count_events(fresh, failed)
  if request.mode ~= 'live' or given(request.spooled) or fresh > 0 then return end
  delivery.count_outcome(failed > 0 and 'unmapped' or 'unwanted')
end

-- The letter of its outcome in the list of deliveries (delivery_summary.py).
local function outcome()
  if delivery.is_duplicate then return 'd' end
  local letter = delivery.fresh > 0 and 'k' or delivery.failed > 0 and 'm' or 'w'
  return request.mode == 'fetched' and string.upper(letter) or letter
end

-- Returns the name of new words (delivery_log.lua).
function delivery.log()
  if sliced_request.now then return nil end
  if not delivery.kept then return delivery_log.list_unkept(outcome()) end
  local places = delivery_log.places_text(delivery.repeats, delivery.unwanted, delivery.taken)
  return delivery_log.append(delivery.kept, places, string.format('%d', delivery.before), outcome())
end

return delivery
