-- Shared, of claim: nothing may be sent now, and when to come back.
--! uses calls step wakeups listing_schedule

local request, now, dest_key
calls.on_begin(function() request, now, dest_key = step.request, step.now, step.destination_key end)

-- *ms*: nil: nothing is waited for. *gate_ms*: for how long no new live change can be sent either, so that
-- accept need wake nobody; *lower_ms*: the same of the lower lanes, where it is longer.
local function wait(ms, reason, gate_ms, lower_ms)
  if ms then
    ms = math.min(math.max(1, math.ceil(ms)), step.AHEAD_MS)
    wakeups.wake_at(request.destination, now + ms)
  end
  redis.call('HSET', dest_key, 'lower_until', now + math.ceil(lower_ms or 0))
  if gate_ms then
    redis.call('HSET', dest_key, 'gate_until', now + math.ceil(gate_ms), 'gate', reason)
  else
    redis.call('HDEL', dest_key, 'gate_until', 'gate')
  end
  return step.answer({step = 'wait', ms = ms or false, reason = reason})
end

-- Until the first of what is due. *slot_ms*: by lane; *lingering*: lanes whose part-filled batches wait,
-- and until when; *short*: some lane has no slot; *full*: one has no room for another request
local function wait_for_next(slot_ms, lingering, short, full)
  local soonest = listing_schedule.next_due()
  if not soonest then return wait(nil, full and 'flight' or 'idle') end
  local reason, gate_ms = short and 'budget', short and slot_ms.live > 0 and slot_ms.live
  if lingering.live and not gate_ms then
    reason, gate_ms = 'linger', lingering.live - now
  end
  reason = reason or (next(lingering) and 'linger') or 'later'
  return wait(soonest - now, reason, gate_ms, math.min(slot_ms.replay, slot_ms.reconcile))
end

return {wait = wait, wait_for_next = wait_for_next}
