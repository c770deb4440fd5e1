-- Shared: whether a worker is to be woken for what has come in, and when.
--! uses calls step

local now
local gates, marked = {}, {}  -- of a group, by destination: what it may wait for; those that have a marker
calls.on_group(function()
  if next(gates) or next(marked) then gates, marked = {}, {} end
end)
calls.on_begin(function() now = step.now end)
local wakeups = {}
local MARKER_MS = 5000

-- The sweep looks again at once.
function wakeups.nudge_sweep()
  redis.call('LPUSH', 'instep:nudge', 1)
  redis.call('LTRIM', 'instep:nudge', 0, 0)
end

function wakeups.wake_at(destination, at)
  redis.call('ZADD', 'instep:wakes', at, destination)
  local first = redis.call('ZRANGE', 'instep:wakes', 0, 0)
  if first[1] == destination then
    wakeups.nudge_sweep()
  end
end

-- True for the caller that is to enqueue a job: no other has, or will before it starts.
function wakeups.claim_marker(destination)
  if marked[destination] then return false end
  marked[destination] = true
  local key = 'instep:wake:' .. destination
  local left = redis.call('PTTL', key)
  if left >= 0 and left <= MARKER_MS then return false end
  redis.call('SET', key, 1, 'PX', MARKER_MS)  -- there is none, or the clock went back
  return true
end

function wakeups.paused(destination)
  return redis.call('HGET', 'instep:destination:' .. destination, 'paused')
end

-- While a stored wait lasts nothing of the lane may be sent, so a job would end at once; but for a
-- linger, which a full batch ends.
local function worth_a_job(destination, change, lane)
  gates[destination] = gates[destination] or redis.call('HMGET', 'instep:destination:' .. destination,
    'paused', 'gate_until', 'gate', 'lower_until')
  local paused, gate_until, gate, lower_until = unpack(gates[destination])
  if paused or (lane ~= 'live' and (step.sane(lower_until, 61000) or 0) > now) then return false end
  local till = step.sane(gate_until, 61000)
  if not till or till <= now then return true end
  if gate ~= 'linger' then return false end
  return redis.call('ZCOUNT', 'instep:due:' .. change.collection .. ':live', '-inf', now)
    >= change.batch
end

-- Something of *lane*, {collection, batch}, is due at *due*. Returns whether the caller is to enqueue a job.
function wakeups.wake(destination, change, lane, due)
  if due <= now then return worth_a_job(destination, change, lane) and wakeups.claim_marker(destination) end
  -- It is woken then or before, whatever else it waits for.
  local wakes_at = tonumber(redis.call('ZSCORE', 'instep:wakes', destination))
  if not wakes_at or wakes_at > due then wakeups.wake_at(destination, due) end
  return false
end

return wakeups
