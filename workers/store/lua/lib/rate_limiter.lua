-- Shared: the budget of a token. An even pace with a small burst, never above the ceiling in any
-- 60 s, and less where the answers teach less. Live changes, replays and reconciles have a share
-- of it each: what a lane leaves the others take, but they leave the burst to live changes.
-- instep:budget:<token hash>  hash: tat (theoretical arrival, ms)  last (slot taken)  limit
--   (learnt)  left, till (what the last answer said of its window)  closed (nothing before)
--   mine (slots taken in that window)  others (calls a minute that are not ours)
--   slots (taken so far)  owed:<lane> (once so many are taken, one is owed to it)
--   asked:<lane> (when it last had to wait)
--   took:<who> <lane> (its last slot)
-- instep:budget:<token hash>:queue  sorted set: "<who> <lane>" by the ms at which it comes for a
--   slot; who: a destination, or "<destination>:calls" for its calls outside of claims
--! uses calls step

local now
calls.on_begin(function() now = step.now end)
local rate_limiter = {}
rate_limiter.WINDOW_MS = 60000
rate_limiter.CLOSED_MS = 3600000  -- the longest Retry-After that is taken
local COMES_MS = 1000  -- a destination that comes later than this has lost its turn
local YIELD_MS = 100
local ASKED_MS = 120000  -- a lane that has not asked for so long did not wait: nothing is owed to it
-- Of the slots, while there is work in every lane; the rest is the live lane's.
local SHARES = {replay = 0.15, reconcile = 0.15}

-- The budget as it stands. at: ms from which a slot is free; spared_at: and the burst stays.
function rate_limiter.budget_of(name, ceiling)
  local key = 'instep:budget:' .. name
  local held = redis.call('HMGET', key, 'tat', 'last', 'limit', 'left', 'till', 'closed', 'others',
    'slots', 'owed:replay', 'owed:reconcile', 'asked:replay', 'asked:reconcile', 'mine')
  local limit = math.min(ceiling, tonumber(held[3]) or ceiling)
  local burst = math.max(1, math.min(5, math.floor(limit / 10)))
  local every = rate_limiter.WINDOW_MS / math.max(1, limit - burst - 1)
  local tat = step.sane(held[1], rate_limiter.WINDOW_MS + burst * every) or now
  local till, left = step.sane(held[5], rate_limiter.WINDOW_MS), tonumber(held[4])

  local function free_at(spared)
    local at = math.max(tat - (burst - 1 - spared) * every, step.sane(held[6], rate_limiter.CLOSED_MS) or now)
    if not (till and till > now and left) then return at end
    -- Others may spend of this budget too: what they leave is spread over the window.
    local rest, others = left - spared, tonumber(held[7]) or 0
    local usable = rest - others * (till - now) / rate_limiter.WINDOW_MS
    if others > 0 then usable = usable - 1 end
    -- An estimate may slow us down, never stop us while the CMS says that there is some left.
    usable = math.max(usable, rest / 4)
    if usable < 1 then return math.max(at, till) end
    local spread = (till - now) / usable
    if spread > every * 1.25 and (others > 0 or left < burst * 2) then
      at = math.max(at, math.min((step.sane(held[2], 0) or 0) + spread, till))
    end
    return at
  end

  local function waits(asked) return (step.sane(asked, 0) or 0) > now - ASKED_MS end
  return {key = key, every = every, tat = tat, left = held[4], mine = held[13], slots = tonumber(held[8]) or 0,
    at = free_at(0), spared_at = free_at(burst - 1),
    owed = {replay = tonumber(held[9]) or 0, reconcile = tonumber(held[10]) or 0},
    waits = {replay = waits(held[11]), reconcile = waits(held[12])}}
end

-- Counted in slots, not in time: a share is one of whatever pace the answers allow.
local function is_owed(budget, lane)
  return budget.waits[lane] and budget.owed[lane] <= budget.slots
end

-- There is work in *lane*, and others are served before it.
function rate_limiter.has_to_wait(budget, lane)
  if SHARES[lane] then redis.call('HSET', budget.key, 'asked:' .. lane, now) end
end

-- The lower, the sooner. A lane that is behind its share goes before live changes.
local RANKS = {live = 1, replay = 2, reconcile = 3}
function rate_limiter.rank_of(budget, lane)
  return is_owed(budget, lane) and 0 or RANKS[lane]
end

function rate_limiter.took(budget, who, lane)
  return tonumber(redis.call('HGET', budget.key, 'took:' .. who .. ' ' .. lane)) or 0
end

-- Whether another caller comes for the slot as well, and goes first: by its lane, or in the same
-- one because it had none for longer.
local function is_anothers_turn(budget, lane, who)
  local queue, mine = budget.key .. ':queue', rate_limiter.rank_of(budget, lane)
  if not budget.queue then
    redis.call('ZREMRANGEBYSCORE', queue, '-inf', now - COMES_MS)
    budget.queue = redis.call('ZRANGEBYSCORE', queue, '-inf', now)
  end
  for _, entry in ipairs(budget.queue) do
    local other, its = string.match(entry, '^(.*) (%a+)$')
    if other ~= who then
      local rank = rate_limiter.rank_of(budget, its)
      if rank < mine
          or (rank == mine and rate_limiter.took(budget, other, its) < rate_limiter.took(budget, who, lane)) then
        return true
      end
    end
  end
  return false
end

function rate_limiter.queue_up(budget, lane, who, at)
  local queue = budget.key .. ':queue'
  redis.call('ZADD', queue, at, who .. ' ' .. lane)
  redis.call('PEXPIRE', queue, 2 * rate_limiter.WINDOW_MS)
end

-- Milliseconds until *lane* may ask for a slot; 0: one is free for it now. Takes nothing.
function rate_limiter.slot_wait(budget, lane, who)
  local at = budget.at
  if lane ~= 'live' and not is_owed(budget, lane) then
    at = budget.spared_at
    if at > now and budget.waits[lane] then
      -- Should others take all of them until then, one is owed to it.
      local others = math.ceil(budget.owed[lane] - budget.slots)
      at = math.min(at, math.max(budget.at, now) + others * budget.every)
    end
  end
  local ms = math.max(0, math.ceil(at - now))
  if ms == 0 and is_anothers_turn(budget, lane, who) then ms = YIELD_MS end
  return ms
end

-- Gives back a slot that nothing was sent for. What the CMS said was left is its own word again
-- with its next answer; its lane has had its turn.
function rate_limiter.return_slot(budget, destination)
  local key, every = budget.key, budget.every
  local tat = tonumber(redis.call('HGET', key, 'tat'))
  if tat then redis.call('HSET', key, 'tat', string.format('%.3f', tat - every)) end
  if (tonumber(redis.call('HGET', key, 'mine')) or 0) > 0 then redis.call('HINCRBY', key, 'mine', -1) end
  redis.call('HINCRBY', 'instep:destination:' .. destination, 'calls', -1)
end

-- Takes a slot that slot_wait said is free.
function rate_limiter.take_slot(budget, lane, who, destination)
  local key = budget.key
  local put = {'tat', string.format('%.3f', math.max(budget.tat, now) + budget.every), 'last', now,
    'took:' .. who .. ' ' .. lane, now, 'slots', budget.slots + 1}
  for one, share in pairs(SHARES) do
    if one == lane or not budget.waits[one] then
      -- By how much it was late counts, up to one slot; what it did not want does not.
      local from = is_owed(budget, one) and math.max(budget.owed[one], budget.slots - 1)
        or budget.slots
      put[#put + 1] = 'owed:' .. one
      put[#put + 1] = string.format('%.3f', from + 1 / share)
    end
  end
  redis.call('HSET', key, unpack(put))
  if budget.left then redis.call('HINCRBY', key, 'left', -1) end
  if budget.mine then redis.call('HINCRBY', key, 'mine', 1) end
  redis.call('ZREM', key .. ':queue', who .. ' ' .. lane)
  redis.call('PEXPIRE', key, 2 * rate_limiter.CLOSED_MS)
  redis.call('HINCRBY', 'instep:destination:' .. destination, 'calls', 1)
  redis.call('HSET', 'instep:destination:' .. destination, 'last_sent', now)
end

return rate_limiter
