#!lua flags=allow-oom
-- claim: the next step of one destination. Takes the budget slot and the items in one go, or says
-- when to come back. Nothing waits while it holds a claim.
-- ARGV[2]: {token, destination, batch, linger_ms, budget, limit, flights,
--   collections: [{name, index, whole, create, preflight}]}
--   index: the copy that item ids speak of; whole: it can be listed as a whole alone; create: what
--   no listing shows is created; preflight: values are held against the schema
-- Returns {step = 'batch' | 'probe' | 'index' | 'schema' | 'wait', ...}
--! uses state creation budget echo listing picking

local earlier = earlier_answer()
if earlier then return earlier end

local name = request.destination
local dest_key = P .. 'destination:' .. name
local dest = {}
for i, field in ipairs({'paused', 'open_until', 'trial', 'trial_until', 'probes', 'epoch',
    'last_sent', 'last_success', 'turn', 'failures'}) do
  dest[field] = redis.call('HGET', dest_key, field) or nil
end
redis.call('ZREM', P .. 'wakes', name)

-- *gate_ms*: for how long no new change can be sent either, so that accept need wake nobody.
local function wait(ms, reason, gate_ms)
  if ms then
    ms = math.min(math.max(1, math.ceil(ms)), AHEAD_MS)
    wake_at(name, now + ms)
    if reason == 'budget' then queue_up(request.budget, name, now + ms) end
  end
  if gate_ms then
    redis.call('HSET', dest_key, 'gate_until', now + math.ceil(gate_ms), 'gate', reason)
  else
    redis.call('HDEL', dest_key, 'gate_until', 'gate')
  end
  return answer({step = 'wait', ms = ms or false, reason = reason})
end

if dest.paused then return wait(nil, 'paused') end

local flight = P .. 'flight:' .. name
redis.call('ZREMRANGEBYSCORE', flight, '-inf', now)
redis.call('ZREMRANGEBYSCORE', flight, now + CLAIM_MS + 1, '+inf')
local flying = redis.call('ZCARD', flight)
if flying >= request.flights then
  -- Whoever lands looks for more; should he die, the sweep finds what is due.
  return wait(nil, 'flight')
end

local open = {}
for _, collection in ipairs(request.collections) do
  if not redis.call('HGET', P .. 'collection:' .. collection.name, 'paused') then
    open[#open + 1] = collection
  end
end
if #open == 0 then return wait(nil, 'paused') end

local ms, every, tat = slot_wait(request.budget, request.limit, name)

local trial, fresh_only, blind = false, false, false

local function depart()
  take_slot(request.budget, every, tat, name)
  if trial then redis.call('HSET', dest_key, 'trial', 'out', 'trial_until', now + CLAIM_MS) end
  redis.call('ZADD', flight, now + CLAIM_MS, request.token)
  redis.call('HDEL', dest_key, 'gate_until', 'gate')
end

-- The breaker: open until a probe has been answered, then one request may try: after a bad probe
-- too, for a GET says nothing about writes. 'fresh': what just failed is an item that failed alone
-- before, and may be to blame itself, so that others need not wait for the next probe.
if dest.open_until then
  local trying = dest.trial == 'out' and sane(dest.trial_until, CLAIM_MS)
  if trying and trying > now then return wait(nil, 'breaker') end
  local till = sane(dest.open_until, 30000)
  fresh_only = dest.trial == 'fresh' and till > now
  blind = dest.trial == 'blind' and till > now
  if dest.trial ~= 'ready' and not fresh_only and not blind then
    if till > now then return wait(till - now, 'breaker', till - now) end
    if ms > 0 then return wait(ms, 'budget', ms) end
    depart()
    redis.call('HSET', dest_key, 'open_until',
      now + (tonumber(dest.probes or 0) < 6 and 5000 or 30000))
    redis.call('HDEL', dest_key, 'trial')
    return answer({step = 'probe', collection = open[1].name}, CLAIM_MS)
  end
  trial = true
end

-- Look-ups, in turn with batches, so that neither holds up the other.
local function look_up()
  if blind then return nil end  -- a GET has just failed
  local collection, key, page, since = index_step(open)
  if not collection then return nil end
  depart()
  redis.call('HSET', key, 'lock', now + CLAIM_MS, 'holder', request.token)
  redis.call('HSET', dest_key, 'turn', 'batch')
  return answer({step = 'index', collection = collection.name, offset = page,
    since = since or false}, CLAIM_MS)
end

-- The collection whose oldest due item has waited longest, live before replay before reconcile.
-- *held*: the sets of which nothing may be sent now, by key.
local function due_set(held)
  local lingering
  for _, lane in ipairs(LANES) do
    local best
    for _, collection in ipairs(open) do
      local key = P .. 'due:' .. collection.name .. ':' .. lane
      local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
      local at = not held[key] and tonumber(head[2])
      if at and at <= now then
        local due = redis.call('ZCOUNT', key, '-inf', now)
        local busy = flying > 0 or (sane(dest.last_sent, 0) or 0) > now - request.linger_ms
        local ready = request.linger_ms == 0 or not busy or due >= request.batch
          or at <= now - request.linger_ms
        if not ready then
          lingering = math.min(lingering or at, at)
        elseif not best or at < best.at then
          best = {collection = collection, key = key, at = at, due = due}
        end
      elseif at then
        sooner(sane(at, AHEAD_MS))
      end
    end
    if best then return best end
  end
  if lingering then sooner(lingering + request.linger_ms) end
  return nil, lingering ~= nil
end

local picked, shape, room = {}, nil, nil
local spare = trial  -- passes over items that failed alone, while there are others

local function consider(set_of, record)
  local collection = set_of.collection
  local item = load_item(collection.name, record)
  if spare and item.meta.failed then return end
  if item.meta.claim then
    if live_claim(item) then
      schedule(item)
      save(item)
      return
    end
    expire_claim(item)
  end
  local send, files, options = fields_to_send(item)
  if not send then
    schedule(item)
    save(item)
    return
  end
  local id = item_id(item, collection)
  local create = not id and collection.create and is_to_be_created(item)
  if id then
    end_creation(item)
  elseif not create then
    look_up_again(item)
  end
  if not id and (not create or bury_nameless(item)) then
    schedule(item)
    save(item)
    return
  end
  -- Whether the key of a new item is a number, the schema tells.
  local needed = create or options
  if create then send, files = fields_to_create(item) end
  local known = not (needed or collection.preflight) or schema_known(collection, needed, blind, trial)
  if create and not known then
    save(item)
    return
  end
  if options and not known then
    send = without_options(send)
    if #send == 0 then
      save(item)
      return
    end
  end
  local limit = limit_of(item, dest.epoch or '0')
  local own = (limit < request.batch and 'suspect' or '') .. (files and ' files' or '')
  if create then
    own = own .. ' create' .. (is_held_back(item) and ' staged' or '')
  else
    own = own .. (item.meta.staged and ' staged' or '') .. (item.meta.publish and ' publish' or '')
  end
  if shape and (own ~= shape or #picked + 1 > math.min(room, limit)) then
    save(item)
    return
  end
  shape = own
  room = math.min(room or limit, limit)
  picked[#picked + 1] = {item = item, id = id or '', send = send, limit = limit}
end

local function claim_items(set_of)
  local scanned = 0
  while scanned < 400 do
    local records = redis.call('ZRANGEBYSCORE', set_of.key, '-inf', now, 'LIMIT', scanned, 100)
    if #records == 0 then break end
    local before = redis.call('ZCOUNT', set_of.key, '-inf', now)
    for _, record in ipairs(records) do
      if room and #picked >= room then return end
      consider(set_of, record)
    end
    -- What left the due set while we looked makes the next page start earlier.
    scanned = scanned + #records - (before - redis.call('ZCOUNT', set_of.key, '-inf', now))
  end
end

-- Whether others got through since it was tried, or nothing says that they do not.
local function healthy(item, success)
  if not item.meta.tried then return (tonumber(dest.failures) or 0) == 0 end
  return success > tonumber(item.meta.tried)
end

local function hand_out(set_of)
  local out, told = {}, {}
  local create = string.find(shape, 'create', 1, true) and true or false
  local success = tonumber(dest.last_success or 0)
  for _, pick in ipairs(picked) do
    local item, held = pick.item, {}
    for _, field in ipairs(pick.send) do
      held[field.slug] = field.arrival
      -- From here on nobody knows what the CMS holds; only this claim's settle says it again.
      item.fields[field.slug].c = nil
      note_sent(item.fields[field.slug])
      touch(item, field.slug)
    end
    out[#out + 1] = {record = item.record, id = pick.id, fields = pick.send,
      attempts = tonumber(item.meta.attempts or 0), refused = item.meta.refused and true or false,
      limit = pick.limit, taken = item.meta.taken or false,
      forgotten = item.meta.forgotten and true or false,
      healthy = healthy(item, success),
      fresh = not item.meta.failed,
      failed_ms = item.meta.failed and math.max(0, now - tonumber(item.meta.failed)) or 0}
    told[#told + 1] = {item.record, held}
    set(item, 'claim', cjson.encode({token = request.token, at = now, till = now + CLAIM_MS,
      fields = held, create = create or nil}))
    set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    if not create then set(item, 'publish', nil) end
    schedule(item)
    save(item)
  end
  depart()
  redis.call('HSET', dest_key, 'turn', 'index')
  note('sent', {destination = name, collection = set_of.collection.name, token = request.token,
    items = told}, 'items')
  return answer({step = 'batch', collection = set_of.collection.name, items = out,
    staged = string.find(shape, 'staged', 1, true) and true or false,
    publish = string.find(shape, 'publish', 1, true) and true or false,
    create = create, trial = trial and not blind,
    more = set_of.due > #picked, at = now}, CLAIM_MS)
end

if ms > 0 then
  if not is_anything_due(open) then return wait(nil, 'idle') end
  return wait(math.max(ms, soonest - now), 'budget', ms)
end

if dest.turn ~= 'batch' then
  local step = look_up()
  if step then return step end
end
local tried_sets, held_up = 0, {}
while tried_sets < 10 do
  tried_sets = tried_sets + 1
  local set_of, lingering = due_set(held_up)
  if not set_of and spare and not fresh_only then
    spare, held_up = false, {}
    set_of, lingering = due_set(held_up)
  end
  if not set_of then
    local step = dest.turn == 'batch' and look_up()
    if step then return step end
    if lingering then
      local ms_left = math.max(1, soonest - now)
      return wait(ms_left, 'linger', ms_left)
    end
    break
  end
  claim_items(set_of)
  if schema_missing then
    depart()
    -- No write that another one would linger for.
    redis.call('HSET', dest_key, 'last_sent', dest.last_sent or 0)
    redis.call('HSET', P .. 'index:' .. schema_missing.name .. ':' .. schema_missing.index,
      'schema_next', now + 30000)
    return answer({step = 'schema', collection = schema_missing.name, at = now,
      arrival = tonumber(redis.call('GET', P .. 'arrival') or 0), needed = schema_needed}, CLAIM_MS)
  end
  if #picked > 0 then return hand_out(set_of) end
  -- What stays there waits for a schema, or for what has not failed alone: it must not hold up the other collections.
  if redis.call('ZCOUNT', set_of.key, '-inf', now) >= set_of.due then held_up[set_of.key] = true end
end
local step = look_up()
if step then return step end
if fresh_only or blind then sooner(sane(dest.open_until, 30000)) end
if soonest then return wait(math.max(1, soonest - now), 'later') end
return wait(nil, 'idle')
