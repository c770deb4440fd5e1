-- Shared, of claim: the budget slot that its request takes.
--! uses calls step rate_limiter lanes batch

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local name, dest_key, budget
local claim_slots = {}
calls.on_begin(function()
  name, dest_key, budget = request.destination, step.destination_key, nil
  claim_slots.budget, claim_slots.wait_ms = nil, {}  -- wait_ms: until one is free, by lane
end)

-- Call it before anything else of these.
function claim_slots.load()
  budget = rate_limiter.budget_of(request.budget, request.limit)
  claim_slots.budget = budget
  for _, lane in ipairs(step.LANES) do claim_slots.wait_ms[lane] = rate_limiter.slot_wait(budget, lane, name) end
end

function claim_slots.take(lane)
  rate_limiter.take_slot(budget, lane, name, name)
  local known = {}
  for _, other in ipairs(step.LANES) do
    if other ~= lane and lanes.first_due(other, batch.open, known) == now then rate_limiter.has_to_wait(budget, other) end
  end
  if batch.trial then redis.call('HSET', dest_key, 'trial', 'out', 'trial_until', now + step.CLAIM_MS) end
  redis.call('ZADD', batch.flight, now + step.CLAIM_MS, request.token)
  if lane ~= 'live' then redis.call('ZADD', batch.flight .. ':lower', now + step.CLAIM_MS, request.token) end
  redis.call('HDEL', dest_key, 'gate_until', 'gate', 'lower_until')
end

-- For a GET that no write lingers for: a new key becomes an item within seconds.
function claim_slots.take_for_read(lane)
  local last = rate_limiter.took(budget, name, lane)
  claim_slots.take(lane)
  redis.call('HSET', dest_key, 'last_sent', batch.dest.last_sent or 0)
  redis.call('HSET', budget.key, 'took:' .. name .. ' ' .. lane, last)
end

-- Something of *lane* is to be sent at *at*: no sooner than there is a slot, for which it comes then.
function claim_slots.queue_up(lane, at)
  if at == now then rate_limiter.has_to_wait(budget, lane) end
  at = math.max(at, now + claim_slots.wait_ms[lane])
  rate_limiter.queue_up(budget, lane, name, at)
  return at
end

-- ms at which *lane* took its last.
function claim_slots.last(lane) return step.sane(rate_limiter.took(budget, name, lane), 0) or 0 end

return claim_slots
