-- Shared: which event ids were taken, so that a repeat does nothing.

-- Two buckets cover the window; the third is for a clock that stepped back.
local bucket = math.floor(now / request.dedupe_ms)
local function seen_key(n) return P .. 'seen:' .. request.source .. ':' .. string.format('%.0f', n) end
local function seen(id)
  for n = bucket - 1, bucket + 1 do
    if redis.call('SISMEMBER', seen_key(n), id) == 1 then return true end
  end
  return false
end

-- A kept event that was not taken when it came, and is now: the mark of that very event, so that it
-- can be run once more, and a repeat of it cannot.
local function own_mark(id, again) return string.format('%s@%.0f', id, again.number) end

-- Whether an event is a repeat of one that was taken. *here*: ids of this delivery.
local function repeated(event, here)
  local id, again = given(event.id), given(event.again)
  if not id then return false end
  if not again then return here[id] or seen(id) end
  return not again.taken and (here[id] or (seen(id) and not seen(own_mark(id, again))))
end

local function note_seen(event)
  local id, again = given(event.id), given(event.again)
  if not id or (again and again.taken) then return end
  redis.call('SADD', seen_key(bucket), id)
  if again then redis.call('SADD', seen_key(bucket), own_mark(id, again)) end
  redis.call('PEXPIRE', seen_key(bucket), 2 * request.dedupe_ms)
end
