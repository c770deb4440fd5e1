-- Shared by the steps: what became of records and is to be told elsewhere ([writeback.NAME]). It is noted
-- in the step that brings it about, so that no crash loses it.
-- request.writebacks: {collection: {name: {event: true}}}: part of every request (scripts.py)
--   instep:writebacks             set: all names ever used
--   instep:writeback-number       the last sequence: µs, rising
--   instep:writeback:<name>       hash: collection; paused: why, by, who, since, till, mark: of the configuration
--     that was refused; failures: in a row, with until: it rests, failing: ms since, reason; success: ms of the
--     last one that was told; told, dead: how many
--   instep:writeback-due:<name>   sorted set: records by the ms at which they may be told; of a claim: till it ends
--   instep:writeback-records:<name>  hash: record → JSON:
--     event, sequence, at: ms, of the newest thing to be told; key: as it came, where that is not the record;
--     collection: that the write-back was for then
--     attempts; failed: ms, the last time that the target failed at it
--     token: of its claim; newer: {event, sequence, at} that came meanwhile
--     letter: its dead letter, where it is not due for that
--! uses calls step

local given = step.given
local now
local all, last_sequence
local known  -- names that this step has registered
calls.on_begin(function()
  now = step.now
  all, last_sequence, known = given(step.request.writebacks), nil, {}
end)
local writebacks = {}

function writebacks.target(name) return 'instep:writeback:' .. name end
function writebacks.due(name) return 'instep:writeback-due:' .. name end
function writebacks.records(name) return 'instep:writeback-records:' .. name end

function writebacks.load(name, record)
  local text = redis.call('HGET', writebacks.records(name), record)
  return text and cjson.decode(text) or nil
end

-- *at*: ms from which on it may be told; nil: it stays where it is.
function writebacks.save(name, record, entry, at)
  redis.call('HSET', writebacks.records(name), record, cjson.encode(entry))
  if at then redis.call('ZADD', writebacks.due(name), at, record) end
end

function writebacks.remove(name, record)
  redis.call('ZREM', writebacks.due(name), record)
  return redis.call('HDEL', writebacks.records(name), record)
end

local function save_sequence() redis.call('SET', 'instep:writeback-number', string.format('%.0f', last_sequence)) end

-- Rises by itself, also where the store is older than it was. As text: cjson would round it.
local function next_sequence()
  if not last_sequence then
    last_sequence = tonumber(redis.call('GET', 'instep:writeback-number') or 0)
    step.before_answer(save_sequence)
  end
  last_sequence = math.max(step.now_us, last_sequence + 1)
  return string.format('%.0f', last_sequence)
end

function writebacks.register(name, collection)
  if known[name] then return end
  known[name] = true
  redis.call('SADD', 'instep:writebacks', name)
  redis.call('HSET', writebacks.target(name), 'collection', collection)
end

-- Of a new item the creation is still to be told, whatever came after; else the newest counts.
function writebacks.merged(held, event)
  if held == 'created' and event ~= 'retired' then return held end
  return event
end

-- Puts what came while *entry* was claimed into its place, with a fresh count of attempts.
-- *told*: what was claimed has been told.
function writebacks.take_newer(entry, told)
  local newer = entry.newer
  entry.token, entry.newer = nil, nil
  if not newer then return false end
  entry.event = told and newer.event or writebacks.merged(entry.event, newer.event)
  entry.sequence, entry.at, entry.attempts, entry.failed = newer.sequence, newer.at, 0, nil
  return true
end

-- It was noted when the write-back was for another collection, in which its key may be that of another record.
function writebacks.is_of_another(entry, collection)
  return entry.collection ~= nil and entry.collection ~= collection
end

local function add(name, item, event)
  local entry, sequence = writebacks.load(name, item.record), next_sequence()
  if not entry or writebacks.is_of_another(entry, item.collection) then entry = {} end
  entry.collection = item.collection
  local shown = item.meta.shown
  entry.key = shown and shown ~= item.record and shown or nil
  if entry.token then
    entry.newer = {event = writebacks.merged(entry.newer and entry.newer.event, event), sequence = sequence, at = now}
    return writebacks.save(name, item.record, entry)
  end
  entry.event, entry.sequence, entry.at = writebacks.merged(entry.event, event), sequence, now
  entry.attempts, entry.failed = 0, nil
  writebacks.register(name, item.collection)
  writebacks.save(name, item.record, entry, now)
end

-- *event*: created, changed, refused or retired.
function writebacks.note(item, event)
  for name, wanted in pairs(all and all[item.collection] or {}) do
    if wanted[event] then add(name, item, event) end
  end
end

-- Its item is on the site, and has its address: *made*: it was told as created before that.
function writebacks.note_live(item, made)
  for name, wanted in pairs(all and all[item.collection] or {}) do
    if wanted.changed then add(name, item, 'changed') elseif made and wanted.created then add(name, item, 'created') end
  end
end

-- Whether anything is told of *collection*.
function writebacks.are_wanted(collection) return all ~= nil and all[collection] ~= nil end

-- A record is erased.
function writebacks.forget(collection, record)
  local gone = 0
  for _, name in ipairs(redis.call('SMEMBERS', 'instep:writebacks')) do
    if redis.call('HGET', writebacks.target(name), 'collection') == collection then
      gone = gone + writebacks.remove(name, record)
    end
  end
  return gone
end

-- The dead letter *id* of a write-back is to be told again, or dropped. Returns whether it held anything.
function writebacks.resolve(id, act)
  local name, record = unpack(redis.call('HMGET', 'instep:letter:' .. id, 'writeback', 'record'))
  local entry = name and writebacks.load(name, record)
  if not entry or entry.letter ~= id then return false end
  entry.letter = nil
  if act == 'replay' then
    entry.attempts, entry.failed = 0, nil
    writebacks.save(name, record, entry, now)
  elseif redis.call('ZSCORE', writebacks.due(name), record) then
    writebacks.save(name, record, entry)  -- something newer waits
  else
    writebacks.remove(name, record)
  end
  return true
end

return writebacks
