#!lua flags=allow-oom
-- index: one page of a listing. Known ids go into the index, those that wait for them become due;
-- the last page decides on who is missing: a letter, ignored, or to be created.
-- ARGV[2]: {token, flight, destination, collection, index, missing, whole, every_ms, full_ms,
--   items: [{key, id, updated, created, shown}], next, total, short}
--   shown: published, and neither draft nor archived; next: offset of the next page, or null
--   total: items of the whole listing; short: it ended before it had shown so many
--   failed: true when no page came: the lock stays for a while
-- Returns {found, missing, done}.
--! uses state creation

local earlier = earlier_answer()
if earlier then return earlier end
redis.call('ZREM', P .. 'flight:' .. request.destination, request.flight)

local place = request.collection .. ':' .. request.index
local index = P .. 'index:' .. place
local waiting = P .. 'lookup:' .. request.collection
-- A page that came after its lock ran out tells ids, but not where the listing is.
local late = redis.call('HGET', index, 'holder') ~= request.flight
if not late then redis.call('HDEL', index, 'lock', 'holder') end
if request.failed then
  -- Longer each time: the budget is for writes.
  local times = math.min(redis.call('HINCRBY', index, 'failed', 1), 5)
  if not late then redis.call('HSET', index, 'lock', now + math.min(CLAIM_MS, 1000 * 2 ^ times)) end
  return answer({found = 0, missing = 0, done = false})
end
redis.call('HDEL', index, 'failed')

local found = 0
local function see(entry)
  local before = keep_id(place, entry.key, entry.id)
  local item = load_item(request.collection, entry.key)
  if not next(item.meta) then return end
  if (before and before ~= entry.id) or (item.meta.updated and given(entry.updated)
      and entry.updated > item.meta.updated) then
    -- Somebody else wrote it since: what we know of it is no longer certain.
    forget_confirmations(item)
    set(item, 'updated', entry.updated)
  end
  if item.meta.staged and entry.shown then
    set(item, 'staged', nil)
    forget_confirmations(item)
  end
  local waits = item.meta.lookup
  end_creation(item)
  if waits then
    found = found + 1
    set(item, 'due', now)
    schedule(item)
  end
  save(item)
end

local newest = redis.call('HGET', index, 'newest') or ''
for _, entry in ipairs(request.items) do
  see(entry)
  if given(entry.created) and entry.created > newest then newest = entry.created end
end
if late then return answer({found = found, missing = 0, done = false}) end
-- An item that is deleted while pages are read moves others to a page that has been read.
local total = tonumber(given(request.total))
local most = tonumber(redis.call('HGET', index, 'total'))
if request.short or (total and most and total < most) then redis.call('HSET', index, 'holes', 1) end
if total then redis.call('HSET', index, 'total', total) end
if newest ~= '' then redis.call('HSET', index, 'newest', newest) end
if given(request.next) then
  redis.call('HSET', index, 'offset', request.next)
  return answer({found = found, missing = 0, done = false})
end

local pass = redis.call('HMGET', index, 'pass', 'kind')
local started, all = sane(pass[1], 0) or now, pass[2] == 'all'
local missing, made = 0, 0
-- A listing with holes creates nothing; what fell through shows in the next of the whole alone.
local holes = request.missing == 'create' and redis.call('HGET', index, 'holes') == '1'
if holes then redis.call('HSET', index, 'full', 1) end
local function miss(record)
  local item = load_item(request.collection, record)
  if item.meta.forgotten and not all then
    -- Its key may have moved to an older item: only a whole listing tells.
    redis.call('HSET', index, 'full', 1)
    return
  end
  if request.missing == 'create' then
    local till = doubted_till(item)
    if till and started < till then
      -- A request that creates it may have landed since: the next listing tells.
      save(item)
      return
    end
  end
  local slugs = {}
  for slug, field in pairs(item.fields) do
    if field.s == 'pending' or wants_repair(field) then slugs[#slugs + 1] = slug end
  end
  table.sort(slugs)
  set(item, 'doubt', nil)
  if request.missing == 'create' then
    if not bury_nameless(item) then
      revive(item)
      set(item, 'make', started)
      set(item, 'due', now)
      made = made + 1
    end
  elseif request.missing == 'ignore' then
    for _, slug in ipairs(slugs) do
      count(item.fields[slug].s, -1)
      count('ignored', 1)
      item.fields[slug].s = 'ignored'
      touch(item, slug)
    end
  else
    bury(item, slugs, {kind = 'missing', message = request.message .. record}, nil)
  end
  if not item.meta.make then missing = missing + 1 end
  redis.call('ZREM', waiting, record)
  set(item, 'lookup', nil)
  set(item, 'forgotten', nil)
  schedule(item)
  save(item)
end
if not holes then
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', started)) do miss(record) end
end

if all then
  if not holes then redis.call('HDEL', index, 'full') end
  redis.call('HSET', index, 'full_next', now + request.full_ms, 'full_every', request.full_ms)
end
if newest ~= '' then redis.call('HSET', index, 'created', newest) end
redis.call('HDEL', index, 'pass', 'offset', 'since', 'kind', 'total')
local every = request.whole and request.full_ms or request.every_ms
redis.call('HSET', index, 'next', now + every, 'every', every)
note('listed', {collection = request.collection, found = found, missing = missing,
  to_create = made})
return answer({found = found, missing = missing, done = true})
