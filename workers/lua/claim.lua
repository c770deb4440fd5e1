#!lua flags=allow-oom
-- claim: the next step of one destination. Takes the budget slot and the items in one go, or says
-- when to come back. Nothing waits while it holds a claim.
-- ARGV[2]: {token, destination, batch, linger_ms, budget, limit, flights,
--   collections: [{name, copy, index, list_ms}]}
--   copy: which copy confirmations speak of; index: the copy that item ids speak of
-- Returns {step = 'batch' | 'probe' | 'index' | 'schema' | 'wait', ...}
--! uses state budget echo

local FILES = {image = true, images = true, file = true}
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
local soonest
local function sooner(at)
  if at and (not soonest or at < soonest) then soonest = at end
end

local function begin_pass(collection, key, since)
  redis.call('HSET', key, 'pass', now, 'offset', 0, 'kind', since and 'new' or 'all')
  if since then redis.call('HSET', key, 'since', since) else redis.call('HDEL', key, 'since') end
  -- What waits since before the clock stepped back is decided on by this pass, not in hours.
  local waiting = P .. 'lookup:' .. collection.name
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. now, '+inf')) do
    redis.call('ZADD', waiting, now, record)
  end
end

local function index_step()
  for _, collection in ipairs(open) do
    local key = P .. 'index:' .. collection.name .. ':' .. collection.index
    local held = redis.call('HMGET', key, 'pass', 'offset', 'since', 'lock', 'next', 'full',
      'created', 'full_next', 'every', 'full_every')
    local lock = sane(held[4], CLAIM_MS)
    local locked = lock and lock > now
    if locked then
      sooner(lock)
    elseif held[1] then
      return collection, key, tonumber(held[2]), held[3] or nil
    elseif redis.call('ZCARD', P .. 'lookup:' .. collection.name) > 0 then
      local at = sane(held[5], tonumber(held[9]) or 0) or now
      local full_at = sane(held[8], tonumber(held[10]) or 0) or now
      if held[6] == '1' and full_at <= now then at = now end
      if at <= now then
        local since = nil
        if held[7] and not (held[6] == '1' and full_at <= now) and not collection.whole then
          since = held[7]
        end
        begin_pass(collection, key, since)
        return collection, key, 0, since
      end
      sooner(at)
      if held[6] == '1' then sooner(full_at) end
    end
  end
  return nil
end

local function look_up()
  if blind then return nil end  -- a GET has just failed
  local collection, key, page, since = index_step()
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

local function fields_to_send(item)
  local send, files, options, any = {}, false, false, false
  for slug, field in pairs(item.fields) do
    local repair = wants_repair(field) and field.m <= now
    if field.s == 'pending' or repair then
      any = true
      send[#send + 1] = {slug = slug, value = field.v, type = field.t, arrival = field.a,
        ['repair'] = field.s ~= 'pending', file = field.g or false, misses = field.x or 0}
      files = files or FILES[field.t] or false
      options = options or field.t == 'option'
    end
  end
  table.sort(send, function(a, b) return a.slug < b.slug end)
  return any and send or nil, files, options
end

local function limit_of(item)
  local limit = tonumber(item.meta.limit)
  if not limit then return request.batch end
  -- A limit from 5xx answers is forgotten once an outage has ended: it judged the wrong party.
  if item.meta.epoch and item.meta.epoch ~= (dest.epoch or '0') then return request.batch end
  return math.min(limit, request.batch)
end

local function item_id(item, collection)
  if item.meta.by ~= 'key' then return item.record end
  return redis.call('HGET', P .. 'ids:' .. collection.name .. ':' .. collection.index, item.record)
    or nil
end

local schema_missing
local function schema_known(collection)
  local place = collection.name .. ':' .. collection.index
  local known = redis.call('EXISTS', P .. 'schema:' .. place) == 1
  local held = redis.call('HMGET', P .. 'index:' .. place, 'schema_next', 'schema_doubted')
  if known and not held[2] then return true end
  local at = sane(held[1] or now, 30000)
  if at <= now and not blind then schema_missing = collection elseif not known then sooner(at) end
  return known
end

local function without_options(send)
  local rest = {}
  for _, field in ipairs(send) do
    if field.type ~= 'option' then rest[#rest + 1] = field end
  end
  return rest
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
  if not id then
    set(item, 'lookup', 1)
    redis.call('ZADD', P .. 'lookup:' .. collection.name, 'NX', now, record)
    schedule(item)
    save(item)
    return
  end
  if options and not schema_known(collection) then
    send = without_options(send)
    if #send == 0 then
      save(item)
      return
    end
  end
  local limit = limit_of(item)
  local own = (limit < request.batch and 'suspect' or '') .. (item.meta.staged and ' staged' or '')
    .. (item.meta.publish and ' publish' or '') .. (files and ' files' or '')
  if shape and (own ~= shape or #picked + 1 > math.min(room, limit)) then
    save(item)
    return
  end
  shape = own
  room = math.min(room or limit, limit)
  picked[#picked + 1] = {item = item, id = id, send = send, limit = limit}
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
      limit = pick.limit, forgotten = item.meta.forgotten and true or false,
      healthy = healthy(item, success),
      fresh = not item.meta.failed,
      failed_ms = item.meta.failed and math.max(0, now - tonumber(item.meta.failed)) or 0}
    told[#told + 1] = {item.record, held}
    set(item, 'claim', cjson.encode({token = request.token, at = now, till = now + CLAIM_MS,
      fields = held}))
    set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    set(item, 'publish', nil)
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
    trial = trial and not blind,
    more = set_of.due > #picked}, CLAIM_MS)
end

if ms > 0 then
  local any = false
  for _, collection in ipairs(open) do
    for _, lane in ipairs(LANES) do
      local head = redis.call('ZRANGE', P .. 'due:' .. collection.name .. ':' .. lane, 0, 0,
        'WITHSCORES')
      if head[2] then
        any = true
        sooner(math.max(now, sane(head[2], AHEAD_MS)))
      end
    end
    if redis.call('ZCARD', P .. 'lookup:' .. collection.name) > 0
        or redis.call('HEXISTS', P .. 'index:' .. collection.name .. ':' .. collection.index, 'pass') == 1 then
      any = true
      sooner(now)
    end
  end
  if not any then return wait(nil, 'idle') end
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
    redis.call('HSET', P .. 'index:' .. schema_missing.name .. ':' .. schema_missing.index,
      'schema_next', now + 30000)
    return answer({step = 'schema', collection = schema_missing.name}, CLAIM_MS)
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
