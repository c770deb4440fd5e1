-- Shared by the steps: fields that name items of other collections by their keys. What has no id
-- yet is waited for: the field is not due, the rest of its item is.
-- request.places: {collection: copy}, of those that can be referred to.
--
-- instep:wanted:<collection>         sorted set: keys waited for, by the ms from which a listing
--                                    that begins then decides on them
-- instep:waiters:<collection>:<key>  set: <collection>:<record> of the items that wait for it, or
--                                    have a dead letter for want of it
--   woken of an item: what it waits for may have got its id; its next claim looks again
--   rest: the lane of what waits              severed: of its fields one died for want of an item
--! uses calls step items item_schedule item_ids creation slices life_entries

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local references = {}
references.REFERS = {['reference-key'] = true, ['references-key'] = true}
-- Where items are created, their events may come after those of the items that refer to them.
references.PATIENCE_MS = 600000
local WOKEN = 100  -- in one step; the rest is left to slices

calls.on_begin(function() references.places = given(request.places) or {} end)

function references.named_by(text)
  local value = cjson.decode(text)
  if value == cjson.null then return nil, {} end
  return value.to, value.keys or {value.key}
end

-- The ids behind the keys in *text* as JSON; or nil, the collection and the keys that have none.
function references.link_of(kind, text)
  local to, keys = references.named_by(text)
  if not to then return 'null' end
  local ids, absent = {}, {}
  for _, key in ipairs(keys) do
    local id = references.places[to] and redis.call('HGET', 'instep:ids:' .. to .. ':' .. references.places[to], key)
    if id then ids[#ids + 1] = id else absent[#absent + 1] = key end
  end
  if #absent > 0 then return nil, to, absent end
  return kind == 'reference-key' and cjson.encode(ids[1]) or step.list_text(ids)
end

-- A value is confirmed with the ids that it was sent with: with others it is sent again.
function references.confirmation(text, link)
  return redis.sha1hex(text .. (link or ''))
end

function references.is_confirmed(held, kind, text)
  if not held.confirmed then return false end
  local link
  if references.REFERS[kind] then link = references.link_of(kind, text) or 'none' end
  return held.confirmed == references.confirmation(text, link)
end

local function wait_for(item, slug, to, absent)
  local field = item.fields[slug]
  if field.state ~= 'pending' then items.mark_repair(item, slug, now) end
  -- A value that begins to wait asks for a listing; one that goes on waiting asks for none.
  local how = field.blocked_since and 'NX' or 'LT'
  for _, key in ipairs(absent) do
    redis.call('SADD', 'instep:waiters:' .. to .. ':' .. key, item.collection .. ':' .. item.record)
    redis.call('ZADD', 'instep:wanted:' .. to, how, now, key)
  end
  if not field.blocked_since then life_entries.note_blocked(item, slug, to, absent) end
  field.blocked_since = field.blocked_since or now
  items.touch(item, slug)
end

function references.end_wait(item, slug)
  if not item.fields[slug].blocked_since then return end
  item.fields[slug].blocked_since = nil
  items.touch(item, slug)
end

-- Of a list, the ids that there are, where all others wait for room in the plan (plan_room.lua): the
-- field goes out without those, and waits on. nil: there is nothing new in that.
local function without_roomless(entry, to, absent, sent)
  if entry.type ~= 'references-key' then return nil end
  local rest, waits = {}, {}
  for _, key in ipairs(absent) do
    if redis.call('HEXISTS', 'instep:item:' .. to .. ':' .. key, 'roomless') == 0 then return nil end
    waits[key] = true
  end
  local _, keys = references.named_by(entry.value)
  for _, key in ipairs(keys) do
    if not waits[key] then
      rest[#rest + 1] = redis.call('HGET', 'instep:ids:' .. to .. ':' .. references.places[to], key)
    end
  end
  local link = step.list_text(rest)
  return #rest > 0 and link ~= sent and link or nil
end

-- What of *send* can go: of what refers to items the ids come with it, and where there are none
-- yet it waits.
function references.resolve(item, send)
  if item.meta.woken then
    for slug in pairs(item.fields) do references.end_wait(item, slug) end
    items.set(item, 'woken', nil)
  end
  local ready = {}
  for _, entry in ipairs(send) do
    local to, absent
    if references.REFERS[entry.type] then entry.link, to, absent = references.link_of(entry.type, entry.value) end
    if absent then
      wait_for(item, entry.slug, to, absent)
      entry.link = without_roomless(entry, to, absent, item.fields[entry.slug].link)
      if entry.link then
        item.fields[entry.slug].link = entry.link
        ready[#ready + 1] = entry
      end
    else
      item.fields[entry.slug].link = entry.link
      references.end_wait(item, entry.slug)
      ready[#ready + 1] = entry
    end
  end
  return ready
end

-- Whether the CMS would take no new item without a field that waits: then all of the item does.
function references.waits_whole(item, place)
  local required = false
  local waits = false
  for _, field in pairs(item.fields) do waits = waits or field.blocked_since end
  if not waits then return false end
  for _, entry in ipairs(cjson.decode(redis.call('GET', 'instep:schema:' .. place) or '[]')) do
    local field = item.fields[entry.slug]
    required = required or (entry.required and field and field.blocked_since)
  end
  if not required then return false end
  for slug, field in pairs(item.fields) do
    if field.state == 'pending' and not field.blocked_since then
      field.blocked_since = now
      items.touch(item, slug)
    end
  end
  return true
end

-- The CMS knows nothing of what was sent for these keys: they are looked up once more.
function references.forget_links(field)
  local to, keys = references.named_by(field.value)
  if not to or not references.places[to] then return end
  local place = to .. ':' .. references.places[to]
  for _, key in ipairs(keys) do
    local id = redis.call('HGET', 'instep:ids:' .. place, key)
    if id then redis.call('HDEL', 'instep:keys:' .. place, id) end
    redis.call('HDEL', 'instep:ids:' .. place, key)
  end
  redis.call('HSET', 'instep:index:' .. place, 'full', 1)
end

function references.wake_waiter(waiter, name)
  local key = 'instep:item:' .. waiter
  local held = redis.call('HMGET', key, 'by', 'lookup', 'lane', 'rest', 'severed')
  if not held[1] then return end
  redis.call('HSET', key, 'woken', 1)
  local collection, record = string.match(waiter, '^([^:]*):(.*)$')
  if held[3] or held[5] then
    local item = items.load(collection, record)
    if held[5] then creation.replay_values(item, 'refers', name) end
    item_schedule.place(item)
    items.save(item)
  elseif held[4] and not held[2] then
    -- As schedule does it, without reading the item: thousands may wait for one.
    redis.call('HSET', key, 'lane', held[4])
    redis.call('ZADD', 'instep:due:' .. collection .. ':' .. held[4], now, record)
  end
end

-- Wakes some of what has waited for *name*, <collection>:<key>, and is left in *waiters*; true: all of it.
function references.wake_some(waiters, name)
  for _, waiter in ipairs(redis.call('SPOP', waiters, WOKEN)) do references.wake_waiter(waiter, name) end
  return redis.call('EXISTS', waiters) == 0
end

-- Call it once the items of a step are saved: what begins to wait after that finds the id.
function references.wake_waiting()
  local room = WOKEN
  for _, one in ipairs(item_ids.take_arrived()) do
    local name = one[1] .. ':' .. one[2]
    local waiters = 'instep:waiters:' .. name
    local number = redis.call('SCARD', waiters)
    if number > room then
      local own = string.format('wake:%.0f', redis.call('INCR', 'instep:slice-number'))
      redis.call('RENAME', waiters, 'instep:waking:' .. own)
      slices.add(own, {name = name})
    elseif number > 0 then
      references.wake_some(waiters, name)
      room = room - number
    end
    redis.call('ZREM', 'instep:wanted:' .. one[1], one[2])
  end
end

return references
