#!lua
-- accept: one delivery, whole or not at all. Seen ids, newest value per field, dead letters of
-- events that cannot be mapped, counters, and who is to be woken.
-- ARGV[2]: {token, source, mode, closes, secret, dedupe_ms, raw, raw_limit,
--   raw_bytes, history, weak, headers,
--   events: [{id, name, topic, index, letter, problems: [{path, message}],
--     changes: [{mapping, collection, destination, record, by, copy, version, batch,
--       fields: [[slug, value, type]], echo, seen: {slug: text}}],
--     gone: [{collection, index, id, deleted}]}]}
--   echo: the CMS itself tells of these values, and when it held them (lua/echo.lua)
-- ARGV[3]: the raw body, as text or base64 (request.encoding).
--! uses state echo

local EVENTS = 200  -- ids kept of one version, 16 characters each; older repeats the seen ids tell
local HOUR_US = 3600 * 1000000
local earlier = earlier_answer()
if earlier then return earlier end

local items = {}
local function item_of(change)
  local name = change.collection .. ':' .. change.record
  items[name] = items[name] or load_item(change.collection, change.record)
  return items[name]
end

-- Two buckets cover the window; the third is for a clock that stepped back.
local bucket = math.floor(now / request.dedupe_ms)
local function seen_key(n) return P .. 'seen:' .. request.source .. ':' .. string.format('%.0f', n) end
local function seen(id)
  for n = bucket - 1, bucket + 1 do
    if redis.call('SISMEMBER', seen_key(n), id) == 1 then return true end
  end
  return false
end

local KINDS = {t = 'a time', s = 'a sequence'}
local kinds = {}  -- of the fields that an earlier event of this delivery is about to fill
local function version_problem(change, fills)
  local version = given(change.version)
  if version and string.sub(version, 1, 1) == 't'
      and tonumber(string.sub(version, 2)) > now_us + HOUR_US then
    return 'the time of the change is more than an hour ahead of the store\'s clock'
  end
  local kind = version and string.sub(version, 1, 1) or 't'
  local item = item_of(change)
  for _, triple in ipairs(change.fields) do
    local held = item.fields[triple[1]]
    local place = item.key .. ' ' .. triple[1]
    local there = kinds[place] or fills[place] or (held and string.sub(held.r, 1, 1)) or kind
    if there ~= kind then
      return 'its version is ' .. KINDS[kind] .. ', but the field ' .. triple[1] .. ' of '
        .. change.collection .. ' ' .. change.record .. ' holds ' .. KINDS[there]
    end
    fills[place] = kind
  end
  return nil
end

local events, duplicates, bad, here = {}, 0, {}, {}
for _, event in ipairs(request.events) do
  local id = given(event.id)
  if id and (here[id] or seen(id)) then
    duplicates = duplicates + 1
  else
    local fills = {}
    if #event.problems == 0 then
      for _, change in ipairs(event.changes) do
        local message = version_problem(change, fills)
        if message then
          event.problems[#event.problems + 1] = {path = 'version', message = message}
        end
      end
    end
    if #event.problems > 0 then
      bad[#bad + 1] = event
    else
      events[#events + 1] = event
      for place, kind in pairs(fills) do kinds[place] = kind end
      if id and #event.changes > 0 then here[id] = true end
    end
  end
end

local raw = P .. 'letters:raw:' .. request.source
local new = 0
for _, event in ipairs(bad) do
  if redis.call('SISMEMBER', raw, event.letter) == 0 then new = new + 1 end
end
local body = P .. 'raw:' .. request.raw
local held_bytes = tonumber(redis.call('HGET', P .. 'raw-bytes', request.source) or 0)
if new > 0 and (redis.call('SCARD', raw) + new > request.raw_limit
    or held_bytes + #ARGV[3] > request.raw_bytes) then
  return cjson.encode({outcome = 'full'})
end

local weak = ''
if request.weak then
  -- A store that may forget acknowledged writes makes no confirmation outlive its restart.
  weak = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Letters of one body share it: a delivery of a thousand bad rows is kept once.
local function keep_body(letter)
  if redis.call('HINCRBY', body, 'letters', 1) == 1 then
    redis.call('HSET', body, 'text', ARGV[3], 'encoding', request.encoding)
    redis.call('HINCRBY', P .. 'raw-bytes', request.source, #ARGV[3])
  end
  redis.call('HSET', letter, 'raw', request.raw)
end

local function keep_raw(event)
  local key = P .. 'letter:' .. event.letter
  if redis.call('HGET', key, 'state') ~= 'open' then
    -- Also where it was closed before: what comes again has come now.
    redis.call('HDEL', key, 'reason', 'closed', 'times')
    redis.call('HSET', key, 'created', now, 'received', now)
    keep_body(key)
  end
  redis.call('HSET', key, 'kind', 'unmapped', 'source', request.source, 'state', 'open',
    'topic', given(event.topic) or '', 'events', list_text({given(event.name)}),
    'index', event.index, 'problems', cjson.encode(event.problems), 'message',
    event.problems[1].message, 'headers', cjson.encode(request.headers))
  redis.call('HINCRBY', key, 'times', 1)
  redis.call('ZREM', P .. 'letters:closed', event.letter)
  redis.call('ZADD', P .. 'letters', 'NX', now, event.letter)
  redis.call('SADD', raw, event.letter)
end

local function has_event(held, id)
  return id and string.find(' ' .. (held.e or '') .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
end

-- Whether a value takes the place of the one that is held.
local function wins(held, version, id)
  if not held or version > held.r then return true end
  if version < held.r or request.mode ~= 'live' then return false end
  return not has_event(held, id)
end

local function arrival_version(held)
  local version = now_us
  if held then version = math.max(version, tonumber(string.sub(held.r, 2)) + 1) end
  return string.format('t%017.0f', version)
end

-- Somebody's edit: what we wrote there is the CMS's no longer.
local function doubt(item, slug, at)
  local held = item.fields[slug]
  if not held or not held.c then return end
  local last = last_answer(known_of(held))
  if last and at <= last then return end
  held.c = nil
  touch(item, slug)
end

local LANE_OF = {live = 1, remap = 2, reconcile = 3}
local lives = {}
local function put(change, event, triple)
  local item = item_of(change)
  local slug, value, kind = triple[1], triple[2], triple[3]
  local held = item.fields[slug]
  local id = given(event.id)
  local version = given(change.version) or arrival_version(held)
  count('accepted', 1)
  local told = given(change.echo)
  local seen = told and given(change.seen[slug])
  if told then
    local fate = no_news(item, slug, value, kind, seen, told)
    if fate then
      count(fate, 1)
      return {slug, 0, fate}
    end
    doubt(item, slug, told)
  end
  if not wins(held, version, id) then
    count('stale', 1)
    return {slug, 0, 'stale'}
  end
  local field = {v = value, t = kind, r = version, n = given(event.name), o = request.source,
    a = redis.call('INCR', P .. 'arrival'), q = LANE_OF[request.mode], w = now, e = id}
  if held then
    if held.r == version and held.e then
      field.e = id and string.sub(held.e .. ' ' .. id, -EVENTS * 17) or held.e
    end
    field.c, field.m, field.g, field.k = held.c, held.m, held.g, held.k
    if held.s == 'pending' then
      count('pending', -1)
      count('superseded', 1)
      field.w = held.w
      field.q = math.min(held.q or 1, field.q)
    elseif held.s == 'dead' then
      count('dead', -1)
      count('superseded', 1)
      leave_letter(held, slug, 'superseded')
    end
  end
  if told then note_told(field, value, seen, told) end
  item.fields[slug] = field
  touch(item, slug)
  if field.c == redis.sha1hex(value) and not field.m and item.meta.copy == change.copy .. weak then
    field.s = 'unchanged'
    count('unchanged', 1)
    return {slug, field.a, 'unchanged'}
  end
  field.s = 'pending'
  count('pending', 1)
  set(item, 'by', change.by)
  -- A newer value starts the count afresh and does not wait out the backoff of the older one.
  set(item, 'attempts', nil)
  set(item, 'failed', nil)
  set(item, 'refused', nil)
  if not item.meta.due or tonumber(item.meta.due) > now then set(item, 'due', now) end
  lives[change.destination] = change
  return {slug, field.a, 'accepted'}
end

-- The CMS says that an item was deleted or unpublished: what was confirmed of it no longer holds,
-- and what is on its way there may come before or after.
local function part(gone)
  local place = gone.collection .. ':' .. gone.index
  local ids, keys = P .. 'ids:' .. place, P .. 'keys:' .. place
  local record = redis.call('HGET', keys, gone.id)
  if record and gone.deleted then
    redis.call('HDEL', ids, record)
    redis.call('HDEL', keys, gone.id)
    -- Its key may be that of an older item now, which only a whole listing tells.
    redis.call('HSET', P .. 'index:' .. place, 'full', 1)
  end
  local item = item_of({collection = gone.collection, record = record or gone.id})
  if not next(item.meta) then return end
  expire_claim(item)
  forget_confirmations(item)
  if not gone.deleted then return end
  if record then set(item, 'forgotten', 1) end
  for slug, field in pairs(item.fields) do
    field.k = nil
    touch(item, slug)
  end
end
for _, list in ipairs({events, bad}) do
  for _, event in ipairs(list) do
    for _, gone in ipairs(event.gone or {}) do part(gone) end
  end
end

local told, accepted = {}, 0
for _, event in ipairs(events) do
  for _, change in ipairs(event.changes) do
    local fates = {}
    for _, triple in ipairs(change.fields) do
      fates[#fates + 1] = put(change, event, triple)
      accepted = accepted + 1
    end
    told[#told + 1] = {change.collection, change.record, fates}
  end
  if given(event.id) and #event.changes > 0 then
    redis.call('SADD', seen_key(bucket), event.id)
    redis.call('PEXPIRE', seen_key(bucket), 2 * request.dedupe_ms)
  end
end
for _, event in ipairs(bad) do keep_raw(event) end
for _, item in pairs(items) do
  if next(item.touched) or next(item.changed) then
    schedule(item)
    save(item)
  end
end

-- What no mapping wants is never marked seen, and so does not tell a repeat from the first.
local fresh = 0
for _, event in ipairs(events) do
  if #event.changes > 0 then fresh = fresh + 1 end
end
local duplicate = duplicates > 0 and fresh == 0 and #bad == 0
if request.mode == 'live' then
  redis.call('HINCRBY', P .. 'source:' .. request.source, 'deliveries', 1)
  if duplicate then redis.call('HINCRBY', P .. 'source:' .. request.source, 'duplicates', 1) end
  if given(request.secret) then
    redis.call('HINCRBY', P .. 'source:' .. request.source, 'secret:' .. request.secret, 1)
  end
end
local letter = given(request.closes)
if letter and #bad == 0 and redis.call('HGET', P .. 'letter:' .. letter, 'state') == 'open' then
  close_letter(letter, 'replayed')
end
if #told > 0 then note('accepted', {source = request.source, mode = request.mode, changes = told}, 'changes') end

-- While a stored wait lasts nothing may be sent, so a job would end at once; but for a linger,
-- which a full batch ends.
local function worth_a_job(destination, change)
  if paused(destination) then return false end
  local gate = redis.call('HMGET', P .. 'destination:' .. destination, 'gate_until', 'gate')
  local till = sane(gate[1], 61000)
  if not till or till <= now then return true end
  if gate[2] ~= 'linger' then return false end
  return redis.call('ZCOUNT', P .. 'due:' .. change.collection .. ':live', '-inf', now)
    >= change.batch
end

local wake = {}
for destination, change in pairs(lives) do
  if worth_a_job(destination, change) and claim_marker(destination) then
    wake[#wake + 1] = destination
  end
end
return answer({outcome = duplicate and 'duplicate' or 'kept', accepted = accepted, wake = wake,
  letters = #bad})
