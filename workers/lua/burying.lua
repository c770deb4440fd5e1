-- Shared by the steps: what goes into a dead letter, and what leaves one.

local CLOSED_LETTERS = 1000

-- The last letter of a raw body takes it along.
local function release_body(source, raw)
  local key = P .. 'raw:' .. raw
  if redis.call('HINCRBY', key, 'letters', -1) <= 0 then
    redis.call('HINCRBY', P .. 'raw-bytes', source, -redis.call('HSTRLEN', key, 'text'))
    redis.call('DEL', key)
  end
end

local function drop_body(id)
  local held = redis.call('HMGET', P .. 'letter:' .. id, 'raw', 'source')
  if not held[1] then return end
  release_body(held[2], held[1])
  redis.call('HDEL', P .. 'letter:' .. id, 'raw', 'headers')
end

local function close_letter(id, reason)
  redis.call('HSET', P .. 'letter:' .. id, 'state', 'closed', 'reason', reason, 'closed', now)
  drop_body(id)
  redis.call('ZREM', P .. 'letters', id)
  redis.call('ZADD', P .. 'letters:closed', now, id)
  local source = redis.call('HGET', P .. 'letter:' .. id, 'source')
  if source then redis.call('SREM', P .. 'letters:raw:' .. source, id) end
  local over = redis.call('ZCARD', P .. 'letters:closed') - CLOSED_LETTERS
  if over > 0 then
    for _, old in ipairs(redis.call('ZRANGE', P .. 'letters:closed', 0, over - 1)) do
      redis.call('DEL', P .. 'letter:' .. old)
      redis.call('ZREM', P .. 'letters:closed', old)
    end
  end
end

-- A value leaves its dead letter; an empty letter closes itself.
local function leave_letter(field, slug, fate)
  local id = field.l
  field.l = nil
  local key = P .. 'letter:' .. id
  local entry = cjson.decode(redis.call('HGET', key, 'f:' .. slug))
  entry.fate = fate
  redis.call('HSET', key, 'f:' .. slug, cjson.encode(entry))
  if redis.call('HINCRBY', key, 'open', -1) == 0 then close_letter(id, fate) end
end

-- Moves fields of an item into one new dead letter.
local function bury(item, slugs, death, id)
  if #slugs == 0 then return nil end
  local letter = 'd' .. redis.call('INCR', P .. 'letter-number')
  local put = {'kind', death.kind, 'collection', item.collection, 'item', id or '',
    'key', item.meta.by == 'key' and (item.meta.shown or item.record) or '', 'record', item.record,
    'created', now, 'state', 'open', 'open', #slugs,
    'attempts', death.attempts or tonumber(item.meta.attempts or 0), 'status', given(death.status) or '',
    'code', given(death.code) or '', 'message', death.message,
    'problems', list_text(death.problems or {})}
  local events, known = {}, {}
  for _, slug in ipairs(slugs) do
    local field = item.fields[slug]
    count(field.s, -1)
    count('dead', 1)
    field.s, field.l, field.c, field.y = 'dead', letter, nil, nil
    touch(item, slug)
    if field.n and not known[field.n] then
      known[field.n] = true
      events[#events + 1] = field.n
    end
    put[#put + 1] = 'f:' .. slug
    put[#put + 1] = cjson.encode({value = field.v, version = field.r, arrival = field.a,
      fate = 'dead'})
  end
  put[#put + 1] = 'events'
  put[#put + 1] = list_text(events)
  redis.call('HSET', P .. 'letter:' .. letter, unpack(put))
  redis.call('ZADD', P .. 'letters', now, letter)
  return letter
end
