-- Shared: the budget of a token. An even pace with a small burst, never above the ceiling in any
-- 60 s, and less where the answers teach less.
-- instep:budget:<token hash>  hash: tat (theoretical arrival, ms)  last (slot taken)  limit
--   (learnt)  left, till (what the last answer said of its window)  closed (nothing before)

local WINDOW_MS = 60000

-- Milliseconds until a slot is free; 0: now. Takes nothing.
local function slot_wait(name, ceiling)
  local key = P .. 'budget:' .. name
  local held = redis.call('HMGET', key, 'tat', 'last', 'limit', 'left', 'till', 'closed')
  local limit = math.min(ceiling, tonumber(held[3]) or ceiling)
  local burst = math.max(1, math.min(5, math.floor(limit / 10)))
  local every = WINDOW_MS / math.max(1, limit - burst - 1)
  local tat = sane(held[1], WINDOW_MS + burst * every) or now
  local at = tat - (burst - 1) * every
  at = math.max(at, sane(held[6], AHEAD_MS) or now)
  local till, left = sane(held[5], WINDOW_MS), tonumber(held[4])
  if till and till > now and left then
    if left <= 0 then
      at = math.max(at, till)
    else
      -- Somebody else spends of this budget too: spread what is left over the rest of the window.
      local spread = (till - now) / left
      if spread > every * 1.25 and left < burst * 2 then
        at = math.max(at, math.min((sane(held[2], 0) or 0) + spread, till))
      end
    end
  end
  return math.max(0, math.ceil(at - now)), every, tat
end

-- Takes a slot that slot_wait said is free.
local function take_slot(name, every, tat, destination)
  local key = P .. 'budget:' .. name
  redis.call('HSET', key, 'tat', string.format('%.3f', math.max(tat, now) + every), 'last', now)
  if redis.call('HEXISTS', key, 'left') == 1 then redis.call('HINCRBY', key, 'left', -1) end
  redis.call('PEXPIRE', key, 10 * WINDOW_MS)
  redis.call('HINCRBY', P .. 'destination:' .. destination, 'calls', 1)
  redis.call('HSET', P .. 'destination:' .. destination, 'last_sent', now)
end
