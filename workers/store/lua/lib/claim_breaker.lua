-- Shared, of claim: the breaker, which is open until a probe has been answered. Then one request may try.
-- After a bad probe the next one to ask is a request as well, for a GET does not show how writes fare
-- (destination_health.lua): so they take turns, and an outage costs one call at a time.
-- 'fresh': what just failed is an item that failed alone before, and may be to blame itself, so that
-- others need not wait for the next probe.
--! uses calls step batch claim_slots claim_wait

local request, now, dest_key
calls.on_begin(function() request, now, dest_key = step.request, step.now, step.destination_key end)

local function probe(till)
  local dest, slot_ms = batch.dest, claim_slots.wait_ms.live
  if till > now then return claim_wait.wait(till - now, 'breaker', till - now) end
  if slot_ms > 0 then
    claim_slots.queue_up('live', now + slot_ms)
    return claim_wait.wait(slot_ms, 'budget', slot_ms)
  end
  claim_slots.take('live')
  redis.call('HSET', dest_key, 'open_until', now + (tonumber(dest.probes or 0) < 6 and 5000 or 30000))
  redis.call('HDEL', dest_key, 'trial')
  return step.answer({step = 'probe', collection = batch.open[1].name}, step.CLAIM_MS)
end

-- Of a blind trial there was nothing to send: a probe asks.
local function probe_instead() return probe(now) end

-- Returns what to do instead of a request; nil: the next one is a trial.
local function try()
  local dest = batch.dest
  local out_till = dest.trial == 'out' and step.sane(dest.trial_until, step.CLAIM_MS)
  if out_till and out_till > now then return claim_wait.wait(nil, 'breaker') end
  local till = step.sane(dest.open_until, 30000)
  batch.fresh_only = dest.trial == 'fresh' and till > now
  batch.blind = dest.trial == 'blind' and till <= now
  if dest.trial ~= 'ready' and not batch.fresh_only and not batch.blind then return probe(till) end
  batch.trial = true
end

return {try = try, probe_instead = probe_instead}
