#!lua flags=allow-oom
-- claim: the next step of one destination. Takes the budget slot and the items in one go, or says
-- when to come back. Nothing waits while it holds a claim.
-- ARGV[2]: {token, destination, batch, linger_ms, budget, limit, flights, lower, live, most, call, looked, joins,
--   collections: [{name, index, whole, create, preflight, locales}]}
--   lower: of the flights, those that replays and reconciles may take
--   index: the copy that item ids speak of; whole: it can be listed as a whole alone; create: what
--   no listing shows is created; preflight: values are held against the schema;
--   most: what the step may take of the time of the store (batch.lua)
--   call: the name of the step, where it is not the first of its token; looked, joins: joined_claims.lua
--   live: of the destination; locales: "all" or a list of tags, if not the primary one alone is written
-- Returns {step = 'batch' | 'probe' | 'filter' | 'index' | 'schema' | 'site' | 'variants' | 'wait' | 'look', ...}
--! uses step wakeups rate_limiter listing_schedule lookups variant_pages item_status requests lanes
--! uses claim_record publish_wait plan_room file_imports batch
--! on demand dead_letters retirements slices cms_forms late_imports joined_claims create_only
--! on demand item_ids

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local name = request.destination
local dest_key = 'instep:destination:' .. name
batch.dest = listing_schedule.read_hash(dest_key, 'paused', 'open_until', 'trial', 'trial_until', 'probes', 'epoch',
  'last_sent', 'last_success', 'turn', 'failures', 'import_ms', 'imported', 'gathers')
local joins = given(request.joins)
if not joins then redis.call('ZREM', 'instep:wakes', name) end

-- *gate_ms*: for how long no new live change can be sent either, so that accept need wake nobody;
-- *lower_ms*: the same of the lower lanes, where it is longer.
local function wait(ms, reason, gate_ms, lower_ms)
  if ms then
    ms = math.min(math.max(1, math.ceil(ms)), step.AHEAD_MS)
    wakeups.wake_at(name, now + ms)
  end
  redis.call('HSET', dest_key, 'lower_until', now + math.ceil(lower_ms or 0))
  if gate_ms then
    redis.call('HSET', dest_key, 'gate_until', now + math.ceil(gate_ms), 'gate', reason)
  else
    redis.call('HDEL', dest_key, 'gate_until', 'gate')
  end
  return step.answer({step = 'wait', ms = ms or false, reason = reason})
end

if joins and (batch.dest.paused or batch.dest.open_until) then return joined_claims.join_nothing(true) end
if batch.dest.paused then return wait(nil, 'paused') end

batch.flight = 'instep:flight:' .. name
local flying, lower = lanes.flights_of(batch.flight)
if flying >= request.flights and not joins then
  -- Whoever lands looks for more; should he die, the sweep finds what is due.
  return wait(nil, 'flight')
end

local open = lanes.not_paused(request.collections)
if #open == 0 and not joins then return wait(nil, 'paused') end
publish_wait.note_closed(open)
plan_room.note_collections(open)

local budget = rate_limiter.budget_of(request.budget, request.limit)
local slot_ms = {}
for _, lane in ipairs(step.LANES) do slot_ms[lane] = rate_limiter.slot_wait(budget, lane, name) end

local fresh_only = false

local function send_slot(lane)
  rate_limiter.take_slot(budget, lane, name, name)
  local known = {}
  for _, other in ipairs(step.LANES) do
    if other ~= lane and lanes.first_due(other, open, known) == now then rate_limiter.has_to_wait(budget, other) end
  end
  if batch.trial then redis.call('HSET', dest_key, 'trial', 'out', 'trial_until', now + step.CLAIM_MS) end
  redis.call('ZADD', batch.flight, now + step.CLAIM_MS, request.token)
  if lane ~= 'live' then redis.call('ZADD', batch.flight .. ':lower', now + step.CLAIM_MS, request.token) end
  redis.call('HDEL', dest_key, 'gate_until', 'gate', 'lower_until')
end

-- For a GET that no write lingers for: a new key becomes an item within seconds.
local function read_slot(lane)
  local last = rate_limiter.took(budget, name, lane)
  send_slot(lane)
  redis.call('HSET', dest_key, 'last_sent', batch.dest.last_sent or 0)
  redis.call('HSET', budget.key, 'took:' .. name .. ' ' .. lane, last)
end

-- The breaker: open until a probe has been answered, then one request may try: after a bad probe
-- too, for a GET says nothing about writes. 'fresh': what just failed is an item that failed alone
-- before, and may be to blame itself, so that others need not wait for the next probe.
if batch.dest.open_until then  -- nothing joins then
  local trying = batch.dest.trial == 'out' and step.sane(batch.dest.trial_until, step.CLAIM_MS)
  if trying and trying > now then return wait(nil, 'breaker') end
  local till = step.sane(batch.dest.open_until, 30000)
  fresh_only = batch.dest.trial == 'fresh' and till > now
  batch.blind = batch.dest.trial == 'blind' and till > now
  if batch.dest.trial ~= 'ready' and not fresh_only and not batch.blind then
    if till > now then return wait(till - now, 'breaker', till - now) end
    if slot_ms.live > 0 then
      rate_limiter.queue_up(budget, 'live', name, now + slot_ms.live)
      return wait(slot_ms.live, 'budget', slot_ms.live)
    end
    send_slot('live')
    redis.call('HSET', dest_key, 'open_until',
      now + (tonumber(batch.dest.probes or 0) < 6 and 5000 or 30000))
    redis.call('HDEL', dest_key, 'trial')
    return step.answer({step = 'probe', collection = open[1].name}, step.CLAIM_MS)
  end
  batch.trial = true
end

batch.turn = file_imports.turn_of(batch.dest)

-- Look-ups, in turn with batches, so that neither holds up the other.
local function look_up(lane)
  if batch.blind then return nil end  -- a GET has just failed
  local collection, key, page = lookups.next_read(lanes.listed_in(lane, open))
  if not collection then return nil end
  if page.step == 'filter' then read_slot(lane) else send_slot(lane) end
  return lookups.hand_out(collection, key, page, dest_key)
end

-- The locales, or the variants, that items wait for; not *asked*: that nobody waits for.
local function read_locales(lane, asked)
  if batch.blind then return nil end
  local collection, page = variant_pages.locale_step(open, asked)
  if not collection then return nil end
  batch.put_back_picked()
  send_slot(lane)
  redis.call('HSET', dest_key, 'turn', 'batch')
  page.collection = collection.name
  return step.answer(page, step.CLAIM_MS)
end

local function hand_out(set_of, own)
  local out, told, how = {}, {}, batch.how
  for _, pick in ipairs(batch.picked) do
    out[#out + 1] = requests.item_payload(pick, batch.dest)
    told[#told + 1] = {pick.item.record, claim_record.save_claim(how.kind, pick)}
  end
  item_status.note_held_back(set_of.collection.name)
  if not joins then send_slot(set_of.lane) end
  file_imports.begin(dest_key, batch.flight, batch.turn)
  if set_of.collection.single and how.kind ~= 'look' then publish_wait.begin_try(set_of.collection, request.token) end
  redis.call('HSET', dest_key, 'turn', 'index')
  local others = joined_claims.next_join(set_of, own)
  joined_claims.note_gathering(dest_key, set_of.key, others)
  step.note('sent', {destination = name, collection = set_of.collection.name, token = request.token,
    items = told}, 'items')
  return step.answer({step = 'batch', collection = set_of.collection.name, items = out,
    kind = how.kind, staged = how.staged, look = how.look, locales = requests.locale_tags(batch.picked),
    imports = batch.turn.taken, mistold = requests.is_mistold(set_of.collection.name),
    trial = batch.trial and not batch.blind, joins = others,
    more = set_of.due > own or lanes.first_due('live', open) == now, at = now}, step.CLAIM_MS)
end

if joins then return joined_claims.join(joins, open, hand_out, dest_key) end

local lately = now - request.linger_ms
-- Of a reconcile more is always to come; a live change does not wait since one of those was sent.
local busy = {live = flying > lower or step.sane(rate_limiter.took(budget, name, 'live'), 0) > lately,
  replay = flying > 0 or (step.sane(batch.dest.last_sent, 0) or 0) > lately, reconcile = true}

local unseen = false  -- some of what is due was not looked at

-- What is to be sent of *lane*; else, until when its first part-filled batch lingers.
local function serve(lane)
  if batch.dest.turn ~= 'batch' and not given(request.looked) then
    local found = look_up(lane)
    if found then return found end
  end
  local held, lingers = {}, nil
  local elsewhere = joined_claims.gathered_set()
  if elsewhere then
    held[elsewhere] = true
    listing_schedule.note_due(now + joined_claims.GATHERED_MS)
  end
  for _ = 1, 10 do
    local set_of
    set_of, lingers = lanes.due_set(lane, open, held, busy[lane])
    if not set_of then break end
    batch.claim_items(set_of)
    local page = read_locales(lane, true)
    if page then return page end
    if requests.schema.missing then
      batch.put_back_picked()
      read_slot(lane)
      redis.call('HSET', 'instep:index:' .. requests.schema.missing.name .. ':' .. requests.schema.missing.index,
        'schema_next', now + 30000)
      return step.answer({step = 'schema', collection = requests.schema.missing.name, at = now,
        arrival = tonumber(redis.call('GET', 'instep:arrival') or 0), needed = requests.schema.needed}, step.CLAIM_MS)
    end
    if #batch.picked > 1 and batch.how.kind ~= 'look' then
      requests.halve_suspects(batch.picked, request.token)
    end
    local own = #batch.picked
    if own > 0 then
      batch.fill_up(set_of)
      return hand_out(set_of, own)
    end
    -- What stays there waits for a schema, or for what has not failed alone: others need not.
    if redis.call('ZCOUNT', set_of.key, '-inf', now) >= set_of.due then held[set_of.key] = true end
    if batch.has_done_enough() and batch.looked < batch.LOOKS then return joined_claims.look_again() end
    if batch.looked >= batch.LOOKS then
      unseen = true
      listing_schedule.note_due(now + 1)
      break
    end
  end
  return look_up(lane) or (lane == 'reconcile' and read_locales(lane, false)), lingers
end

local lingering, short, full = {}, {}, false  -- what keeps each lane: linger, budget, flights
for pass = batch.trial and 1 or 2, fresh_only and 1 or 2 do
  batch.spare = pass == 1
  for _, lane in ipairs(lanes.lanes_in_turn(budget)) do
    if slot_ms[lane] > 0 then
      short[lane] = lanes.first_due(lane, open)
    elseif lane ~= 'live' and lower >= request.lower then
      full = full or lanes.first_due(lane, open) == now
    else
      local found
      found, lingering[lane] = serve(lane)
      if found then return found end
    end
  end
end
-- What has just begun to wait for an item that it refers to.
local found = slot_ms.live == 0 and look_up('live')
if found then return found end

if not (next(short) or next(lingering) or unseen) then file_imports.end_turn(dest_key, batch.turn) end
local reason
for lane, at in pairs(short) do
  if at == now then rate_limiter.has_to_wait(budget, lane) end
  at = math.max(at, now + slot_ms[lane])
  rate_limiter.queue_up(budget, lane, name, at)
  listing_schedule.note_due(at)
  reason = 'budget'
end
for _, till in pairs(lingering) do listing_schedule.note_due(till) end
for _, collection in ipairs(open) do
  if collection.full and not collection.shut and plan_room.has_waiting(collection.name) then
    listing_schedule.note_due(collection.full_next)
  end
end
if fresh_only or batch.blind then listing_schedule.note_due(step.sane(batch.dest.open_until, 30000)) end

local soonest = listing_schedule.next_due()
if not soonest then return wait(nil, full and 'flight' or 'idle') end
local gate_ms = reason and slot_ms.live > 0 and slot_ms.live
if lingering.live and not gate_ms then
  reason, gate_ms = 'linger', lingering.live - now
end
reason = reason or (next(lingering) and 'linger') or 'later'
return wait(soonest - now, reason, gate_ms, math.min(slot_ms.replay, slot_ms.reconcile))
