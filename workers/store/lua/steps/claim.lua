--! flags allow-oom
-- claim: the next step of one destination. Takes the budget slot and the items in one go, or says
-- when to come back. Nothing waits while it holds a claim.
-- ARGV[2]: {token, destination, batch, linger_ms, budget, limit, flights, lower, live, most, call, looked, joins, undo, publish,
--   collections: [{name, index, whole, create, preflight, locales}]}
--   lower: of the flights, those that replays and reconciles may take
--   index: the copy that item ids speak of; whole: it can be listed as a whole alone; create: what
--   no listing shows is created; preflight: values are held against the schema;
--   most, whole: what the step may take of the time of the store, and where it cannot be cut (batch.lua)
--   call: the name of the step, where it is not the first of its token; looked, joins: joined_claims.lua
--   undo: what items held before is kept (before_values.lua); publish: publish_claims.lua
--   live: of the destination; locales: "all" or a list of tags, if not the primary one alone is written
-- Returns {step = 'batch' | 'probe' | 'filter' | 'index' | 'schema' | 'site' | 'variants' | 'total' | 'publish' | 'wait' | 'look', ...}
-- Errors: none: a full store does this as well.
--! uses step listing_schedule lookups requests lanes publish_wait plan_room file_imports batch
--! uses batch_payload claim_wait pauses joined_claims publish_claims claim_slots claim_breaker

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local name, joins = request.destination, given(request.joins)
local dest_key = 'instep:destination:' .. name
batch.dest = listing_schedule.read_hash(dest_key, 'paused', 'open_until', 'trial', 'trial_until', 'probes', 'epoch',
  'last_sent', 'last_success', 'turn', 'failures', 'import_ms', 'imported', 'gathers')
batch.flight = 'instep:flight:' .. name
batch.turn = file_imports.turn_of(batch.dest, (joins or given(request.looked) or {}).till)
if not joins then redis.call('ZREM', 'instep:wakes', name) end

-- Whether anything may be sent at all.
if joins and (batch.dest.paused or batch.dest.open_until) then return joined_claims.join_nothing(true) end
if batch.dest.paused then return claim_wait.wait(nil, 'paused') end
local flying, lower = lanes.flights_of(batch.flight)
-- Whoever lands looks for more; should it die, the sweep finds what is due.
if flying >= request.flights and not joins then return claim_wait.wait(nil, 'flight') end
batch.open = lanes.not_paused(request.collections)
if #batch.open == 0 and not joins then return claim_wait.wait(nil, 'paused') end
publish_wait.note_closed(batch.open)
plan_room.note_collections(batch.open)
if joins then return joined_claims.join(joins, batch_payload.hand_out, dest_key) end
claim_slots.load()
local instead = batch.dest.open_until and claim_breaker.try()
if instead then return instead end

-- Lanes in which a part-filled batch waits a little for more. Of a reconcile more is always to come; a live
-- change does not wait since one of those was sent.
local lately = now - request.linger_ms
local busy = {live = flying > lower or claim_slots.last('live') > lately,
  replay = flying > 0 or (step.sane(batch.dest.last_sent, 0) or 0) > lately, reconcile = true}
local unseen = false  -- some of what is due was not looked at

-- What was picked of *set_of*, or what is to be read before it can be sent; nil: nothing of it can be now.
local function send(set_of)
  set_of.passed, set_of.filler_passed = 0, 0
  batch.claim_items(set_of)
  local page = lookups.read_locales(set_of.lane, true) or lookups.read_schema(set_of.lane)
  if page then return page end
  if #batch.picked > 1 and batch.how.kind ~= 'look' then requests.halve_suspects(set_of.collection, batch.picked, request.token) end
  local own = #batch.picked
  if own > 0 then
    batch.fill_up(set_of)
    return batch_payload.hand_out(set_of, own)
  end
  if batch.has_done_enough() and batch.looked < batch.LOOKS then return joined_claims.look_again() end
end

-- What is to be sent of *lane*; else, until when its first part-filled batch lingers. Look-ups and batches
-- take turns, so that neither holds up the other.
local function serve(lane)
  local published = given(request.publish) and lane == 'live' and not batch.trial and publish_claims.take(lane)
  if published then return published end
  local found = batch.dest.turn ~= 'batch' and not given(request.looked) and lookups.read_keys(lane)
  if found then return found end
  local held, lingers = {}, nil  -- held: sets of which nothing may be sent now
  local elsewhere = joined_claims.gathered_set()
  if elsewhere then
    held[elsewhere] = true
    listing_schedule.note_due(now + joined_claims.GATHERED_MS)
  end
  for _ = 1, 10 do
    local set_of
    set_of, lingers = lanes.due_set(lane, batch.open, held, busy[lane])
    if not set_of then break end
    local answer = send(set_of)
    if answer then return answer end
    -- What stays there waits for a schema, or for what has not failed alone: others need not.
    if redis.call('ZCOUNT', set_of.key, '-inf', now) >= set_of.due then held[set_of.key] = true end
    if batch.looked >= batch.LOOKS then
      unseen = true
      listing_schedule.note_due(now + 1)
      break
    end
  end
  return lookups.read_keys(lane) or (lane == 'reconcile' and lookups.read_locales(lane, false)), lingers
end

-- Why nothing is sent of a lane: its batch lingers, there is no slot, or (full) no room for a request.
local lingering, short, full = {}, {}, false
for pass = batch.trial and 1 or 2, batch.fresh_only and 1 or 2 do
  batch.spare = pass == 1
  for _, lane in ipairs(lanes.lanes_in_turn(claim_slots.budget)) do
    if claim_slots.wait_ms[lane] > 0 then
      short[lane] = lanes.first_due(lane, batch.open)
    elseif lane ~= 'live' and lower >= request.lower then
      full = full or lanes.first_due(lane, batch.open) == now
    else
      local found
      found, lingering[lane] = serve(lane)
      if found then return found end
    end
  end
end
-- What has just begun to wait for an item that it refers to.
local found = claim_slots.wait_ms.live == 0 and not pauses.is_lane_paused('live') and lookups.read_keys('live')
if found then return found end

if given(request.publish) then publish_claims.note_slot(claim_slots.wait_ms.live) end
if not (next(short) or next(lingering) or unseen) then file_imports.end_turn(dest_key, batch.turn) end
for lane, at in pairs(short) do listing_schedule.note_due(claim_slots.queue_up(lane, at)) end
for _, till in pairs(lingering) do listing_schedule.note_due(till) end
for _, collection in ipairs(batch.open) do
  if collection.full and not collection.shut and plan_room.has_waiting(collection.name) then
    listing_schedule.note_due(collection.full_next)
  end
end
if batch.blind then return claim_breaker.probe_instead() end
-- A trial of what writes nothing, where nothing else is to be sent: else it would wait for the next event.
if given(request.publish) and batch.trial and not batch.fresh_only and claim_slots.wait_ms.live == 0
    and not pauses.is_lane_paused('live') then
  local published = publish_claims.take('live')
  if published then return published end
end
if batch.fresh_only then listing_schedule.note_due(step.sane(batch.dest.open_until, 30000)) end
return claim_wait.wait_for_next(claim_slots.wait_ms, lingering, next(short) ~= nil, full)
