-- Shared: whether somebody is to be woken for what has come in, and when.

-- While a stored wait lasts nothing of the lane may be sent, so a job would end at once; but for a
-- linger, which a full batch ends.
local function worth_a_job(destination, change, lane)
  if paused(destination) then return false end
  local held = redis.call('HMGET', P .. 'destination:' .. destination, 'gate_until', 'gate',
    'lower_until')
  if lane ~= 'live' and (sane(held[3], 61000) or 0) > now then return false end
  local till = sane(held[1], 61000)
  if not till or till <= now then return true end
  if held[2] ~= 'linger' then return false end
  return redis.call('ZCOUNT', P .. 'due:' .. change.collection .. ':live', '-inf', now)
    >= change.batch
end

-- The destination is woken at *at* or before, whatever else it waits for.
local function wake_by(destination, at)
  local told = tonumber(redis.call('ZSCORE', P .. 'wakes', destination))
  if not told or told > at then wake_at(destination, at) end
end
