#!lua flags=allow-oom
-- claim: the next step of one destination. Takes the budget slot and the items in one go, or says
-- when to come back. Nothing waits while it holds a claim.
-- ARGV[2]: {token, destination, batch, linger_ms, budget, limit, flights, lower, live, most, call, looked, joins,
--   collections: [{name, index, whole, create, preflight, locales}]}
--   lower: of the flights, those that replays and reconciles may take
--   index: the copy that item ids speak of; whole: it can be listed as a whole alone; create: what
--   no listing shows is created; preflight: values are held against the schema;
--   most: what the step may take of the time of the store (batch.lua)
--   call: the name of the step, where it is not the first of its token; looked, joins: joining.lua
--   live: of the destination; locales: "all" or a list of tags, if not the primary one alone is written
-- Returns {step = 'batch' | 'probe' | 'filter' | 'index' | 'schema' | 'site' | 'variants' | 'wait' | 'look', ...}
--! uses state arrivals dead_letters retirements creation references rate_limiter on_create write_history forms listing_schedule filter lookups locales scope spread variant_pages status late batching lanes retirement claimed publish_wait room import_pace imports batch joining

local earlier = earlier_answer()
if earlier then return earlier end

local name = request.destination
local dest_key = P .. 'destination:' .. name
dest = read(dest_key, 'paused', 'open_until', 'trial', 'trial_until', 'probes', 'epoch',
  'last_sent', 'last_success', 'turn', 'failures', 'import_ms', 'imported', 'gathers')
local joins = given(request.joins)
if not joins then redis.call('ZREM', P .. 'wakes', name) end

-- *gate_ms*: for how long no new live change can be sent either, so that accept need wake nobody;
-- *lower_ms*: the same of the lower lanes, where it is longer.
local function wait(ms, reason, gate_ms, lower_ms)
  if ms then
    ms = math.min(math.max(1, math.ceil(ms)), AHEAD_MS)
    wake_at(name, now + ms)
  end
  redis.call('HSET', dest_key, 'lower_until', now + math.ceil(lower_ms or 0))
  if gate_ms then
    redis.call('HSET', dest_key, 'gate_until', now + math.ceil(gate_ms), 'gate', reason)
  else
    redis.call('HDEL', dest_key, 'gate_until', 'gate')
  end
  return answer({step = 'wait', ms = ms or false, reason = reason})
end

if joins and (dest.paused or dest.open_until) then return joins_nothing(true) end
if dest.paused then return wait(nil, 'paused') end

flight = P .. 'flight:' .. name
local flying, lower = flights_of(flight)
if flying >= request.flights and not joins then
  -- Whoever lands looks for more; should he die, the sweep finds what is due.
  return wait(nil, 'flight')
end

local open = not_paused(request.collections)
if #open == 0 and not joins then return wait(nil, 'paused') end
note_closed(open)
note_room(open)

local budget = budget_of(request.budget, request.limit)
local slot_ms = {}
for _, lane in ipairs(LANES) do slot_ms[lane] = slot_wait(budget, lane, name) end

local fresh_only = false

local function depart(lane)
  take_slot(budget, lane, name, name)
  local known = {}
  for _, other in ipairs(LANES) do
    if other ~= lane and first_due(other, open, known) == now then has_to_wait(budget, other) end
  end
  if trial then redis.call('HSET', dest_key, 'trial', 'out', 'trial_until', now + CLAIM_MS) end
  redis.call('ZADD', flight, now + CLAIM_MS, request.token)
  if lane ~= 'live' then redis.call('ZADD', flight .. ':lower', now + CLAIM_MS, request.token) end
  redis.call('HDEL', dest_key, 'gate_until', 'gate', 'lower_until')
end

-- For a GET that no write lingers for: a new key becomes an item within seconds.
local function depart_to_read(lane)
  local last = took(budget, name, lane)
  depart(lane)
  redis.call('HSET', dest_key, 'last_sent', dest.last_sent or 0)
  redis.call('HSET', budget.key, 'took:' .. name .. ' ' .. lane, last)
end

-- The breaker: open until a probe has been answered, then one request may try: after a bad probe
-- too, for a GET says nothing about writes. 'fresh': what just failed is an item that failed alone
-- before, and may be to blame itself, so that others need not wait for the next probe.
if dest.open_until then  -- nothing joins then
  local trying = dest.trial == 'out' and sane(dest.trial_until, CLAIM_MS)
  if trying and trying > now then return wait(nil, 'breaker') end
  local till = sane(dest.open_until, 30000)
  fresh_only = dest.trial == 'fresh' and till > now
  blind = dest.trial == 'blind' and till > now
  if dest.trial ~= 'ready' and not fresh_only and not blind then
    if till > now then return wait(till - now, 'breaker', till - now) end
    if slot_ms.live > 0 then
      queue_up(budget, 'live', name, now + slot_ms.live)
      return wait(slot_ms.live, 'budget', slot_ms.live)
    end
    depart('live')
    redis.call('HSET', dest_key, 'open_until',
      now + (tonumber(dest.probes or 0) < 6 and 5000 or 30000))
    redis.call('HDEL', dest_key, 'trial')
    return answer({step = 'probe', collection = open[1].name}, CLAIM_MS)
  end
  trial = true
end

turn = import_turn(dest)

-- Look-ups, in turn with batches, so that neither holds up the other.
local function look_up(lane)
  if blind then return nil end  -- a GET has just failed
  local collection, key, page = next_look_up(listed_in(lane, open))
  if not collection then return nil end
  if page.step == 'filter' then depart_to_read(lane) else depart(lane) end
  return hand_out_look_up(collection, key, page, dest_key)
end

-- The locales, or the variants, that items wait for; not *asked*: that nobody waits for.
local function read_locales(lane, asked)
  if blind then return nil end
  local collection, page = locale_step(open, asked)
  if not collection then return nil end
  put_back_picked()
  depart(lane)
  redis.call('HSET', dest_key, 'turn', 'batch')
  page.collection = collection.name
  return answer(page, CLAIM_MS)
end

local function hand_out(set_of, own)
  local out, told = {}, {}
  local how = {token = request.token, create = string.find(shape, ' create', 1, true) ~= nil,
    retires = string.match(shape, ' retire (%a+)'), look = string.match(shape, ' look (%a+)')}
  for _, pick in ipairs(picked) do
    out[#out + 1] = told_of(pick, dest)
    told[#told + 1] = {pick.item.record, hold_for(how, pick)}
  end
  note_held_back(set_of.collection.name)
  if not joins then depart(set_of.lane) end
  note_import(dest_key, flight, turn)
  if set_of.collection.single and not how.look then begin_try(set_of.collection, request.token) end
  redis.call('HSET', dest_key, 'turn', 'index')
  local others = others_may_join(set_of, own)
  note_gathering(dest_key, set_of.key, others)
  note('sent', {destination = name, collection = set_of.collection.name, token = request.token,
    items = told}, 'items')
  return answer({step = 'batch', collection = set_of.collection.name, items = out,
    staged = string.find(shape, ' staged', 1, true) and true or false,
    publish = string.find(shape, ' publish', 1, true) and true or false,
    locales = tags_of(picked), create = how.create, retire = how.retires or '', look = how.look or '',
    imports = turn.taken, mistold = is_mistold(set_of.collection.name),
    trial = trial and not blind, joins = others,
    more = set_of.due > own or first_due('live', open) == now, at = now}, CLAIM_MS)
end

if joins then return join(joins, open, hand_out, dest_key) end

local lately = now - request.linger_ms
-- Of a reconcile more is always to come; a live change does not wait since one of those was sent.
local busy = {live = flying > lower or sane(took(budget, name, 'live'), 0) > lately,
  replay = flying > 0 or (sane(dest.last_sent, 0) or 0) > lately, reconcile = true}

local unseen = false  -- some of what is due was not looked at

-- What is to be sent of *lane*; else, until when its first part-filled batch lingers.
local function serve(lane)
  if dest.turn ~= 'batch' and not given(request.looked) then
    local step = look_up(lane)
    if step then return step end
  end
  local held, lingers = {}, nil
  local elsewhere = gathered()
  if elsewhere then
    held[elsewhere] = true
    sooner(now + GATHERED_MS)
  end
  for _ = 1, 10 do
    local set_of
    set_of, lingers = due_set(lane, open, held, busy[lane])
    if not set_of then break end
    claim_items(set_of)
    local page = read_locales(lane, true)
    if page then return page end
    if schema_missing then
      put_back_picked()
      depart_to_read(lane)
      redis.call('HSET', P .. 'index:' .. schema_missing.name .. ':' .. schema_missing.index,
        'schema_next', now + 30000)
      return answer({step = 'schema', collection = schema_missing.name, at = now,
        arrival = tonumber(redis.call('GET', P .. 'arrival') or 0), needed = schema_needed}, CLAIM_MS)
    end
    if #picked > 1 and not string.find(shape, ' look', 1, true) then
      halve_suspects(picked, request.token)
    end
    local own = #picked
    if own > 0 then
      fill_up(set_of)
      return hand_out(set_of, own)
    end
    -- What stays there waits for a schema, or for what has not failed alone: others need not.
    if redis.call('ZCOUNT', set_of.key, '-inf', now) >= set_of.due then held[set_of.key] = true end
    if has_done_enough() and looked < LOOKS then return looks_on() end
    if looked >= LOOKS then
      unseen = true
      sooner(now + 1)
      break
    end
  end
  return look_up(lane) or (lane == 'reconcile' and read_locales(lane, false)), lingers
end

local lingering, short, full = {}, {}, false  -- what keeps each lane: linger, budget, flights
for pass = trial and 1 or 2, fresh_only and 1 or 2 do
  spare = pass == 1
  for _, lane in ipairs(lanes_in_turn(budget)) do
    if slot_ms[lane] > 0 then
      short[lane] = first_due(lane, open)
    elseif lane ~= 'live' and lower >= request.lower then
      full = full or first_due(lane, open) == now
    else
      local step
      step, lingering[lane] = serve(lane)
      if step then return step end
    end
  end
end
-- What has just begun to wait for an item that it refers to.
local step = slot_ms.live == 0 and look_up('live')
if step then return step end

if not (next(short) or next(lingering) or unseen) then end_turn(dest_key, turn) end
local reason
for lane, at in pairs(short) do
  if at == now then has_to_wait(budget, lane) end
  at = math.max(at, now + slot_ms[lane])
  queue_up(budget, lane, name, at)
  sooner(at)
  reason = 'budget'
end
for _, till in pairs(lingering) do sooner(till) end
for _, collection in ipairs(open) do
  if collection.full and not collection.shut and waits_for_room(collection.name) then
    sooner(collection.full_next)
  end
end
if fresh_only or blind then sooner(sane(dest.open_until, 30000)) end

if not soonest then return wait(nil, full and 'flight' or 'idle') end
local gate_ms = reason and slot_ms.live > 0 and slot_ms.live
if lingering.live and not gate_ms then
  reason, gate_ms = 'linger', lingering.live - now
end
reason = reason or (next(lingering) and 'linger') or 'later'
return wait(soonest - now, reason, gate_ms, math.min(slot_ms.replay, slot_ms.reconcile))
