-- Shared by the steps: how much is kept of the undo log (undo_log.lua), and the erasure of entries.
--! uses calls step

local now
calls.on_begin(function() now = step.now end)
local undo_bounds = {}
local ENTRY = 150      -- bytes of an entry, beside its text
local PART = 8         -- of the memory of a store with a limit
local PAGE = 40        -- entries that one step drops
local FREED = 4194304  -- and bytes, about
local TEXTS, IDS, STATE = 'instep:undo', 'instep:undo:ids', 'instep:undo:state'

local function at_of(id) return tonumber(string.match(id, '^(%d+)')) end

local function weight_of(id) return redis.call('HSTRLEN', TEXTS, id) + ENTRY end

-- Entries that go before their time are told: up to when.
local function note_dropped(number, till)
  if number == 0 then return end
  redis.call('HINCRBY', STATE, 'dropped', number)
  redis.call('HSET', STATE, 'till', till)
end

-- Drops what is too old, and the oldest of what there is no room for. *bound*: {bytes, ms} of all of it;
-- null: nothing is kept. Returns whether there is more to drop.
function undo_bounds.trim(bound)
  if bound == nil then return false end
  if bound == cjson.null then bound = {bytes = 0, ms = 0} end
  local ids = redis.call('LRANGE', IDS, 0, PAGE - 1)
  if not ids[1] then return false end
  local limit = step.memory_limit()
  local most = limit > 0 and math.min(bound.bytes, limit / PART) or bound.bytes
  local bytes, oldest = tonumber(redis.call('HGET', STATE, 'bytes') or 0), now - bound.ms
  local gone, freed, lost, till = {}, 0, 0, 0
  for _, id in ipairs(ids) do
    local is_old = at_of(id) <= oldest
    if not is_old and bytes - freed <= most or freed > FREED then break end
    if not is_old then lost, till = lost + 1, at_of(id) end
    freed = freed + weight_of(id)
    gone[#gone + 1] = id
  end
  if not gone[1] then return false end
  redis.call('HDEL', TEXTS, unpack(gone))
  redis.call('LPOP', IDS, #gone)
  redis.call('HINCRBY', STATE, 'bytes', -freed)
  note_dropped(lost, till)
  return #gone == PAGE or freed > FREED
end

-- Puts *text* in the place of an entry; nil: it goes. Returns whether there was one.
function undo_bounds.rewrite(id, text)
  if redis.call('HEXISTS', TEXTS, id) == 0 then return false end
  local before = weight_of(id)
  if text then
    redis.call('HSET', TEXTS, id, text)
    redis.call('HINCRBY', STATE, 'bytes', #text + ENTRY - before)
  else
    redis.call('HDEL', TEXTS, id)
    redis.call('LREM', IDS, 1, id)
    redis.call('HINCRBY', STATE, 'bytes', -before)
  end
  return true
end

return undo_bounds
