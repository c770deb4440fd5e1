-- Shared: raw bodies, and the dead letters of events that could not be mapped. Letters (and notices
-- that wait for their fetch) of one body share it: a delivery of a thousand bad rows is kept once.

-- *raw*: {source, raw, text, encoding}
local function hold_body(raw)
  local key = P .. 'raw:' .. raw.raw
  if redis.call('HINCRBY', key, 'letters', 1) == 1 then
    redis.call('HSET', key, 'text', raw.text, 'encoding', raw.encoding)
    redis.call('HINCRBY', P .. 'raw-bytes', raw.source, #raw.text)
  end
end

local function weight_of(raw, weighed)
  if weighed[raw.raw] or redis.call('EXISTS', P .. 'raw:' .. raw.raw) == 1 then return 0 end
  weighed[raw.raw] = true
  return #raw.text
end

local RAW_PART = 8  -- of the memory of a store with a limit, for the bodies of one source; of all: twice that

-- Whether so many more *bytes* may be held; *times*: as much as letters may take.
local function has_room_for_body(bytes, times)
  local held = tonumber(redis.call('HGET', P .. 'raw-bytes', request.source) or 0)
  local limit = memory_limit()
  local part = limit > 0 and limit / RAW_PART * times or math.huge
  if held + bytes > math.min(times * request.raw_bytes, part) then return false end
  local all = 0
  for _, each in ipairs(limit > 0 and redis.call('HVALS', P .. 'raw-bytes') or {}) do all = all + each end
  return all + bytes <= 2 * part
end

-- *letter*: {id, source, topic, name, index, problems, headers, came}; headers: JSON text; came: ms,
-- where its event came earlier than now. *raw*: nil where there is no room for its body.
local function keep_raw(letter, raw)
  local key = P .. 'letter:' .. letter.id
  local opens = redis.call('HGET', key, 'state') ~= 'open'
  if opens then
    -- Also where it was closed before: what comes again has come now.
    redis.call('HDEL', key, 'reason', 'closed', 'times')
    redis.call('HSET', key, 'created', letter.came or now, 'received', letter.came or now)
  end
  local lacks = redis.call('HEXISTS', key, 'raw') == 0
  if raw and lacks then
    hold_body(raw)
    redis.call('HSET', key, 'raw', raw.raw)
  end
  -- The place of the event, and how it is read, belong to the body that is held.
  if opens or (raw and lacks) then
    redis.call('HSET', key, 'index', letter.index, 'headers', letter.headers)
  end
  redis.call('HSET', key, 'kind', 'unmapped', 'source', letter.source, 'state', 'open',
    'topic', given(letter.topic) or '', 'events', list_text({given(letter.name)}),
    'problems', cjson.encode(letter.problems), 'message', letter.problems[1].message)
  redis.call('HINCRBY', key, 'times', 1)
  redis.call('ZREM', P .. 'letters:closed', letter.id)
  redis.call('ZADD', P .. 'letters', 'NX', now, letter.id)
  redis.call('SADD', P .. 'letters:raw:' .. letter.source, letter.id)
end
