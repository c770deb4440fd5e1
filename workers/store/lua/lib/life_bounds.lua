-- Shared by the steps: how much is kept of the lives of records (lives.lua), and what becomes of a life
-- whose record is merged or erased.
--! uses calls step

local now
calls.on_begin(function() now = step.now end)
local life_bounds = {}
local MOST, ENTRY, RECORD = 100, 6, 250  -- entries of a record; bytes of an entry and of a record, beside their texts
local PART = 8             -- of the memory of a store with a limit
local PAGE = 50            -- records that are trimmed at once, and
local PAGES = 2            -- how often in one step
local READ = 16            -- entries that are read of one of them
local NEARLY_MS = 60000    -- what is so much younger than what must go goes along

local function weight_of(entries)
  local bytes = 0
  for _, entry in ipairs(entries) do bytes = bytes + #entry + ENTRY end
  return bytes
end

local function weight_of_record(name) return RECORD + 2 * #name end

-- Returns how many entries were dropped before *first*, if that says so.
local function dropped_before(first) return first and tonumber(first) or nil end

local function at_of(entry) return tonumber(string.match(entry, '^%[(%d+)')) end

-- Takes the oldest *number* entries of a life; returns their bytes.
function life_bounds.drop(name, number)
  local key = 'instep:life:' .. name
  local before = dropped_before(redis.call('LINDEX', key, 0))
  local gone = redis.call('LPOP', key, number + (before and 1 or 0)) or {}
  if before then table.remove(gone, 1) end
  if #gone == 0 then return 0 end
  local bytes, all = weight_of(gone), #gone + (before or 0)
  if redis.call('EXISTS', key) == 1 then
    redis.call('LPUSH', key, string.format('%.0f', all))
  else
    redis.call('ZREM', 'instep:lives', name)
    bytes = bytes + weight_of_record(name)
    local item = 'instep:item:' .. name
    if redis.call('EXISTS', item) == 1 then redis.call('HINCRBY', item, 'life_dropped', all) end
  end
  redis.call('HINCRBY', 'instep:lives:state', 'dropped', #gone)
  local till = tonumber(redis.call('HGET', 'instep:lives:state', 'till') or 0)
  local last = at_of(gone[#gone])
  if last > till then redis.call('HSET', 'instep:lives:state', 'till', last) end
  return bytes
end

-- The life of the record *from* becomes part of that of *to*, by time.
function life_bounds.merge(collection, from, to)
  local own, other = collection .. ':' .. to, collection .. ':' .. from
  local all, dropped = {}, 0
  for _, name in ipairs({own, other}) do
    for n, entry in ipairs(redis.call('LRANGE', 'instep:life:' .. name, 0, -1)) do
      local before = n == 1 and dropped_before(entry)
      if before then dropped = dropped + before else all[#all + 1] = {at_of(entry), #all, entry} end
    end
    life_bounds.erase(name)
  end
  if #all == 0 then return end
  table.sort(all, function(one, two) return one[1] < two[1] or (one[1] == two[1] and one[2] < two[2]) end)
  local kept = {}
  for n = math.max(1, #all - MOST + 1), #all do kept[#kept + 1] = all[n][3] end
  dropped = dropped + #all - #kept
  if dropped > 0 then redis.call('RPUSH', 'instep:life:' .. own, string.format('%.0f', dropped)) end
  redis.call('RPUSH', 'instep:life:' .. own, unpack(kept))
  redis.call('ZADD', 'instep:lives', at_of(kept[1]), own)
  redis.call('HINCRBY', 'instep:lives:state', 'bytes', weight_of(kept) + weight_of_record(own))
end

-- Returns whether there was a life of the record *name*.
function life_bounds.erase(name)
  local entries = redis.call('LRANGE', 'instep:life:' .. name, 0, -1)
  if #entries == 0 then return false end
  if dropped_before(entries[1]) then table.remove(entries, 1) end
  redis.call('DEL', 'instep:life:' .. name)
  redis.call('ZREM', 'instep:lives', name)
  redis.call('HINCRBY', 'instep:lives:state', 'bytes', -weight_of(entries) - weight_of_record(name))
  return true
end

-- Takes *entries* out of the life *name*; returns how many there were. They do not count as dropped.
function life_bounds.remove(name, entries)
  local key, number, bytes = 'instep:life:' .. name, 0, 0
  for _, entry in ipairs(entries) do
    local gone = redis.call('LREM', key, 1, entry)
    number, bytes = number + gone, bytes + gone * weight_of({entry})
  end
  redis.call('HINCRBY', 'instep:lives:state', 'bytes', -bytes)
  local left = redis.call('LRANGE', key, 0, 1)
  if #left == 0 or (#left == 1 and dropped_before(left[1])) then
    redis.call('DEL', key)
    if redis.call('ZREM', 'instep:lives', name) == 1 then
      redis.call('HINCRBY', 'instep:lives:state', 'bytes', -weight_of_record(name))
    end
  end
  return number
end

-- How many of *entries*, the first of a life, came before *horizon*; and when the first that did not.
local function old_ones(entries, horizon)
  local old = 0
  for _, entry in ipairs(entries) do
    local at = at_of(entry)
    if at and at > horizon then return old, at end
    if at then old = old + 1 end
  end
  return old
end

-- Drops of the life *name* what came before *horizon*; returns the bytes.
local function drop_old(name, horizon)
  local key = 'instep:life:' .. name
  local old, first = old_ones(redis.call('LRANGE', key, 0, READ - 1), horizon)
  local bytes = old > 0 and life_bounds.drop(name, old) or 0
  if not first then first = at_of(redis.call('LINDEX', key, old > 0 and 1 or 0) or '') end
  if first then redis.call('ZADD', 'instep:lives', 'XX', first, name) else redis.call('ZREM', 'instep:lives', name) end
  return bytes
end

-- The records with the oldest entries, and before when these are to go; nil: none of them.
local function next_page(is_over, oldest)
  local found
  if is_over then
    found = redis.call('ZRANGE', 'instep:lives', 0, PAGE - 1, 'WITHSCORES')
    oldest = math.max(oldest, (tonumber(found[#found]) or 0) + NEARLY_MS)
  else
    found = redis.call('ZRANGEBYSCORE', 'instep:lives', '-inf', oldest, 'WITHSCORES', 'LIMIT', 0, PAGE)
  end
  return found[1] and found, oldest
end

-- Drops what is too old, and the oldest of what there is no room for. *bound*: {bytes, ms} of all lives.
-- Returns whether there is more to drop.
function life_bounds.trim(bound)
  if type(bound) ~= 'table' then return false end
  local limit = step.memory_limit()
  local most = limit > 0 and math.min(bound.bytes, limit / PART) or bound.bytes
  local bytes = tonumber(redis.call('HGET', 'instep:lives:state', 'bytes') or 0)
  local freed, more, oldest = 0, true, now - bound.ms
  for _ = 1, PAGES do
    local page, horizon = next_page(bytes - freed > most, oldest)
    more = page ~= nil
    if not more then break end
    for n = 1, #page, 2 do
      -- Those that are too old are among the first.
      local enough = bytes - freed <= most and tonumber(page[n + 1]) > oldest
      freed = freed + (enough and 0 or drop_old(page[n], horizon))
    end
  end
  if freed > 0 then
    -- The sum is an estimate: where there is no life, there are no bytes.
    local some = redis.call('EXISTS', 'instep:lives') == 1
    redis.call('HSET', 'instep:lives:state', 'bytes', some and string.format('%.0f', math.max(0, bytes - freed)) or 0)
  end
  return more
end

return life_bounds
