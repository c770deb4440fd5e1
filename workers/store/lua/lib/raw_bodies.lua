-- Shared: raw bodies, and the dead letters of events that could not be mapped. Letters (and notices
-- that wait for their fetch) of one body share it: a delivery of a thousand bad rows is kept once.
--! uses calls step letter_groups

local given = step.given
local request, now
local lettered = {}  -- by source: whether it has letters, as far as that was read
calls.on_group(function()
  if next(lettered) then lettered = {} end
end)
calls.on_begin(function() request, now = step.request, step.now end)

-- *raw*: {source, raw, text, encoding}
local function hold(raw)
  local key = 'instep:raw:' .. raw.raw
  if redis.call('HINCRBY', key, 'letters', 1) == 1 then
    redis.call('HSET', key, 'text', raw.text, 'encoding', raw.encoding)
    redis.call('HINCRBY', 'instep:raw-bytes', raw.source, #raw.text)
  end
end

local function weight_of(raw, weighed)
  if weighed[raw.raw] or redis.call('EXISTS', 'instep:raw:' .. raw.raw) == 1 then return 0 end
  weighed[raw.raw] = true
  return #raw.text
end

local RAW_PART = 8  -- of the memory of a store with a limit, for the bodies of one source; of all: twice that

-- Whether so many more *bytes* may be held; *times*: as much as letters may take.
local function has_room(bytes, times)
  local held = tonumber(redis.call('HGET', 'instep:raw-bytes', request.source) or 0)
  local limit = step.memory_limit()
  local part = limit > 0 and limit / RAW_PART * times or math.huge
  if held + bytes > math.min(times * request.raw_bytes, part) then return false end
  local all = 0
  for _, each in ipairs(limit > 0 and redis.call('HVALS', 'instep:raw-bytes') or {}) do all = all + each end
  return all + bytes <= 2 * part
end

-- Whether *source* has letters; where its last one is closed behind another call of the group, it may say so still.
local function has_letters(source)
  if lettered[source] == nil then lettered[source] = redis.call('EXISTS', 'instep:letters:raw:' .. source) == 1 end
  return lettered[source]
end

-- *letter*: {id, source, topic, name, index, problems, headers, came}; headers: JSON text; came: ms,
-- where its event came earlier than now. *raw*: nil where there is no room for its body.
local function keep_letter(letter, raw)
  local key = 'instep:letter:' .. letter.id
  local held = redis.call('HMGET', key, 'state', 'problems')
  local opens, problems = held[1] ~= 'open', cjson.encode(letter.problems)
  if opens then
    -- Also where it was closed before: what comes again has come now.
    redis.call('HDEL', key, 'reason', 'closed', 'times')
    redis.call('HSET', key, 'created', letter.came or now, 'received', letter.came or now)
  end
  local lacks = redis.call('HEXISTS', key, 'raw') == 0
  if raw and lacks then
    hold(raw)
    redis.call('HSET', key, 'raw', raw.raw)
  end
  -- The place of the event, and how it is read, belong to the body that is held.
  if opens or (raw and lacks) then
    redis.call('HSET', key, 'index', letter.index, 'headers', letter.headers)
  end
  redis.call('HSET', key, 'kind', 'unmapped', 'source', letter.source, 'state', 'open',
    'topic', given(letter.topic) or '', 'events', step.list_text({given(letter.name)}),
    'problems', problems, 'message', letter.problems[1].message)
  redis.call('HINCRBY', key, 'times', 1)
  redis.call('ZREM', 'instep:letters:closed', letter.id)
  redis.call('ZADD', 'instep:letters', 'NX', now, letter.id)
  redis.call('SADD', 'instep:letters:raw:' .. letter.source, letter.id)
  lettered[letter.source] = true
  if opens or problems ~= held[2] then letter_groups.enter(letter.id) end
end

return {hold = hold, weight_of = weight_of, has_room = has_room, has_letters = has_letters, keep_letter = keep_letter}
