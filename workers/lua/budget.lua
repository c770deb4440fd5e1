-- Shared: the budget of a token. An even pace with a small burst, never above the ceiling in any
-- 60 s, and less where the answers teach less.
-- instep:budget:<token hash>  hash: tat (theoretical arrival, ms)  last (slot taken)  limit
--   (learnt)  left, till (what the last answer said of its window)  closed (nothing before)
--   mine (slots taken in that window)  others (calls a minute that are not ours)
--   took:<destination> (its last slot)
-- instep:budget:<token hash>:queue  sorted set: destinations by the ms at which they come for a slot

local WINDOW_MS = 60000
local CLOSED_MS = 3600000  -- the longest Retry-After that is taken
local COMES_MS = 1000  -- a destination that comes later than this has lost its turn
local YIELD_MS = 100

local function took(name, destination)
  return tonumber(redis.call('HGET', P .. 'budget:' .. name, 'took:' .. destination)) or 0
end

-- Whether another destination comes for the slot as well, and had none for longer.
local function is_anothers_turn(name, destination)
  local queue = P .. 'budget:' .. name .. ':queue'
  redis.call('ZREMRANGEBYSCORE', queue, '-inf', now - COMES_MS)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', now)) do
    if other ~= destination and took(name, other) < took(name, destination) then return true end
  end
  return false
end

local function queue_up(name, destination, at)
  local queue = P .. 'budget:' .. name .. ':queue'
  redis.call('ZADD', queue, at, destination)
  redis.call('PEXPIRE', queue, 2 * WINDOW_MS)
end

-- Milliseconds until a slot is free for *destination*; 0: now. Takes nothing.
local function slot_wait(name, ceiling, destination)
  local key = P .. 'budget:' .. name
  local held = redis.call('HMGET', key, 'tat', 'last', 'limit', 'left', 'till', 'closed', 'others')
  local limit = math.min(ceiling, tonumber(held[3]) or ceiling)
  local burst = math.max(1, math.min(5, math.floor(limit / 10)))
  local every = WINDOW_MS / math.max(1, limit - burst - 1)
  local tat = sane(held[1], WINDOW_MS + burst * every) or now
  local at = tat - (burst - 1) * every
  at = math.max(at, sane(held[6], CLOSED_MS) or now)
  local till, left = sane(held[5], WINDOW_MS), tonumber(held[4])
  if till and till > now and left then
    -- Somebody else may spend of this budget too: what he leaves is spread over the window.
    local others = tonumber(held[7]) or 0
    local usable = left - others * (till - now) / WINDOW_MS
    if others > 0 then usable = usable - 1 end
    -- An estimate may slow us down, never stop us while the CMS says that there is some left.
    usable = math.max(usable, left / 4)
    if usable < 1 then
      at = math.max(at, till)
    else
      local spread = (till - now) / usable
      if spread > every * 1.25 and (others > 0 or left < burst * 2) then
        at = math.max(at, math.min((sane(held[2], 0) or 0) + spread, till))
      end
    end
  end
  local ms = math.max(0, math.ceil(at - now))
  if ms == 0 and is_anothers_turn(name, destination) then ms = YIELD_MS end
  return ms, every, tat
end

-- Gives back a slot that nothing was sent for. What the CMS said was left is its own word again
-- with its next answer.
local function return_slot(name, every, destination)
  local key = P .. 'budget:' .. name
  local tat = tonumber(redis.call('HGET', key, 'tat'))
  if tat then redis.call('HSET', key, 'tat', string.format('%.3f', tat - every)) end
  if (tonumber(redis.call('HGET', key, 'mine')) or 0) > 0 then redis.call('HINCRBY', key, 'mine', -1) end
  redis.call('HINCRBY', P .. 'destination:' .. destination, 'calls', -1)
end

-- Takes a slot that slot_wait said is free.
local function take_slot(name, every, tat, destination)
  local key = P .. 'budget:' .. name
  redis.call('HSET', key, 'tat', string.format('%.3f', math.max(tat, now) + every), 'last', now,
    'took:' .. destination, now)
  if redis.call('HEXISTS', key, 'left') == 1 then redis.call('HINCRBY', key, 'left', -1) end
  if redis.call('HEXISTS', key, 'mine') == 1 then redis.call('HINCRBY', key, 'mine', 1) end
  redis.call('ZREM', key .. ':queue', destination)
  redis.call('PEXPIRE', key, 2 * CLOSED_MS)
  redis.call('HINCRBY', P .. 'destination:' .. destination, 'calls', 1)
  redis.call('HSET', P .. 'destination:' .. destination, 'last_sent', now)
end
