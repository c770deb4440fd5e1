-- Shared by the steps: what goes into a dead letter, and what leaves one.
--! uses calls step items letter_groups writebacks

local given = step.given
local now
calls.on_begin(function() now = step.now end)
local dead_letters = {}
local CLOSED_LETTERS = 1000  -- that are kept, and
local CLOSED_MS = 30 * 86400000
local CLOSED_BYTES = 2048    -- of one entry of a closed letter
local LETTERS_MOST = 10000   -- that are open, before what no item has gets none of its own any more
local LETTER_BYTES = 1000    -- of one, about
local LETTERS_PART = 8       -- of the memory of a store with a limit

-- The last letter of a raw body takes it along.
function dead_letters.release_body(source, raw)
  local key = 'instep:raw:' .. raw
  if redis.call('HINCRBY', key, 'letters', -1) <= 0 then
    redis.call('HINCRBY', 'instep:raw-bytes', source, -redis.call('HSTRLEN', key, 'text'))
    redis.call('UNLINK', key)
  end
end

function dead_letters.drop_body(id)
  local held = redis.call('HMGET', 'instep:letter:' .. id, 'raw', 'source')
  if not held[1] then return end
  dead_letters.release_body(held[2], held[1])
  redis.call('HDEL', 'instep:letter:' .. id, 'raw', 'headers')
end

-- What a letter that is closed needs no more: what is long, and where the events of a body stand.
function dead_letters.shorten(id)
  local key, gone = 'instep:letter:' .. id, {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    local kind = string.sub(name, 1, 2)
    if kind == 'e:' or (kind == 'f:' and redis.call('HSTRLEN', key, name) > CLOSED_BYTES) then
      gone[#gone + 1] = name
    end
  end
  step.call_in_parts('HDEL', key, gone)
  if redis.call('HSTRLEN', key, 'problems') > CLOSED_BYTES then redis.call('HSET', key, 'problems', '[]') end
end

-- What was dead because it refers to a missing item waits for that item no longer.
local function remove_from_waiters(id)
  local refers, collection, record = unpack(redis.call('HMGET', 'instep:letter:' .. id, 'refers', 'collection', 'record'))
  if not refers then return end
  for _, field in pairs(items.load(collection, record).fields) do
    local other = field.letter and field.letter ~= id and redis.call('HGET', 'instep:letter:' .. field.letter, 'refers')
    if other == refers or (field.blocked_since and field.state == 'pending') then return end
  end
  redis.call('SREM', 'instep:waiters:' .. refers, collection .. ':' .. record)
end

local function delete_closed(ids)
  for _, id in ipairs(ids) do
    redis.call('DEL', 'instep:letter:' .. id)
    redis.call('ZREM', 'instep:letters:closed', id)
  end
end

function dead_letters.trim_closed()
  delete_closed(redis.call('ZRANGEBYSCORE', 'instep:letters:closed', '-inf', now - CLOSED_MS, 'LIMIT', 0, 100))
end

-- *many*: it holds very many entries, which leave it in slices; the last of these shortens it.
function dead_letters.close(id, reason, many)
  redis.call('HSET', 'instep:letter:' .. id, 'state', 'closed', 'reason', reason, 'closed', now)
  dead_letters.drop_body(id)
  remove_from_waiters(id)
  if not many then dead_letters.shorten(id) end
  redis.call('ZREM', 'instep:letters', id)
  letter_groups.leave(id)
  redis.call('ZADD', 'instep:letters:closed', now, id)
  local source = redis.call('HGET', 'instep:letter:' .. id, 'source')
  if source then redis.call('SREM', 'instep:letters:raw:' .. source, id) end
  local over = redis.call('ZCARD', 'instep:letters:closed') - CLOSED_LETTERS
  if over > 0 then
    delete_closed(redis.call('ZRANGE', 'instep:letters:closed', 0, math.min(over, 100) - 1))
  end
end

-- A value leaves its dead letter; an empty letter closes itself.
function dead_letters.remove_value(field, slug, fate)
  local id = field.letter
  field.letter = nil
  local key = 'instep:letter:' .. id
  local entry = cjson.decode(redis.call('HGET', key, 'f:' .. slug))
  entry.fate = fate
  redis.call('HSET', key, 'f:' .. slug, cjson.encode(entry))
  if redis.call('HINCRBY', key, 'open', -1) == 0 then dead_letters.close(id, fate) end
end

-- A value that waits, or lies in a letter, has been overtaken by something newer.
function dead_letters.supersede(item, slug)
  local field = item.fields[slug]
  if field.state ~= 'pending' and field.state ~= 'dead' then return end
  if field.state == 'dead' then dead_letters.remove_value(field, slug, 'superseded') end
  items.set_state(item, slug, 'superseded')
end

function dead_letters.is_full()
  local open = redis.call('ZCARD', 'instep:letters')
  if open < 1000 then return false end
  local limit = step.memory_limit()
  return open >= (limit > 0 and math.min(LETTERS_MOST, limit / LETTERS_PART / LETTER_BYTES) or LETTERS_MOST)
end

-- One letter stands for all of a cause, with their number. It names no record: their values,
-- and where nothing of them was written they themselves, are not kept.
local function add_to_shared(item, slugs, death)
  for _, slug in ipairs(slugs) do
    local field = item.fields[slug]
    items.set_state(item, slug, 'discarded')
    field.confirmed, field.blocked_since = nil, nil
  end
  item.freed = true  -- resting_records.lua
  local letter = 'g' .. string.sub(redis.sha1hex(death.kind .. ' ' .. item.collection), 1, 16)
  local key, opens = 'instep:letter:' .. letter, false
  if redis.call('HGET', key, 'state') ~= 'open' then
    redis.call('DEL', key)
    redis.call('ZREM', 'instep:letters:closed', letter)
    redis.call('HSET', key, 'kind', death.kind, 'collection', item.collection, 'created', now, 'state', 'open')
    redis.call('ZADD', 'instep:letters', now, letter)
    step.tell('dead letter', {collection = item.collection, id = letter, kind = death.kind, shared = true})
    opens = true
  end
  local cause = death.kind == 'missing' and 'no item has their keys' or 'the CMS took no item of them'
  redis.call('HSET', key, 'message', cause .. '; so many dead letters are open that this one stands for all '
    .. 'such records, and their values are discarded: reconcile once that is mended')
  redis.call('HINCRBY', key, 'times', 1)
  if opens then letter_groups.enter(letter) end
  return letter
end

-- *message* without the values of *slugs*, which the CMS may repeat: it is logged.
local function without_values(message, item, slugs)
  for _, slug in ipairs(slugs) do
    local value = item.fields[slug].value or ''
    value = string.match(value, '^"(.*)"$') or value
    local first, last = string.find(message, value, 1, true)
    while #value >= 4 and first do
      message = string.sub(message, 1, first - 1) .. '...' .. string.sub(message, last + 1)
      first, last = string.find(message, value, first + 3, true)
    end
  end
  return message
end

-- Moves fields of an item into one new dead letter. *death*.absent: no item has the key.
function dead_letters.add(item, slugs, death, id)
  if #slugs == 0 then return nil end
  if death.absent and dead_letters.is_full() then return add_to_shared(item, slugs, death) end
  local letter = 'd' .. redis.call('INCR', 'instep:letter-number')
  local put = {'kind', death.kind, 'collection', item.collection, 'item', id or '',
    'key', item.meta.by == 'key' and (item.meta.shown or item.record) or '', 'record', item.record,
    'created', now, 'state', 'open', 'open', #slugs,
    'attempts', death.attempts or tonumber(item.meta.attempts or 0), 'status', given(death.status) or '',
    'code', given(death.code) or '', 'message', death.message,
    'problems', step.list_text(death.problems or {})}
  local events, known, newest = {}, {}, nil
  for _, slug in ipairs(slugs) do
    local field = item.fields[slug]
    items.set_state(item, slug, 'dead')
    field.letter, field.confirmed, field.blocked_since = letter, nil, nil
    if field.source and (not newest or field.arrival > newest.arrival) then newest = field end
    if field.event and not known[field.event] then
      known[field.event] = true
      events[#events + 1] = field.event
    end
    put[#put + 1] = 'f:' .. slug
    put[#put + 1] = cjson.encode({value = field.value, version = field.version, arrival = field.arrival,
      fate = 'dead'})
  end
  put[#put + 1] = 'events'
  put[#put + 1] = step.list_text(events)
  if death.absent then
    put[#put + 1] = 'absent'
    put[#put + 1] = 1
  end
  if newest then
    put[#put + 1] = 'source'
    put[#put + 1] = newest.source
  end
  redis.call('HSET', 'instep:letter:' .. letter, unpack(put))
  redis.call('ZADD', 'instep:letters', now, letter)
  step.tell('dead letter', {collection = item.collection, id = letter, key = item.record, kind = death.kind,
    fields = {unpack(slugs, 1, 5)}, events = {unpack(events, 1, 3)}, status = given(death.status),
    code = given(death.code), reason = string.sub(without_values(death.message, item, slugs), 1, 500)})
  letter_groups.enter(letter)
  writebacks.note(item, 'refused')
  return letter
end

return dead_letters
