-- Shared: what an answer, a probe or an operator says of a destination or a collection.
-- While the breaker is open, *trial* says which request may try: 'ready' any, after a good probe;
-- 'blind' one batch, at its time, after a bad one; 'fresh' items that have not failed alone; 'out': it is out.
--! uses calls step publish_wait plan_room

local given = step.given
local now
calls.on_begin(function() now = step.now end)

local function probe_ms(key)
  return tonumber(redis.call('HGET', key, 'probes') or 0) < 6 and 5000 or 30000
end

local function open_again(key)
  redis.call('HINCRBY', key, 'probes', 1)
  redis.call('HSET', key, 'open_until', now + probe_ms(key))
  redis.call('HDEL', key, 'trial', 'trial_until')
end

local function close_breaker(key)
  redis.call('HSET', key, 'failures', 0)
  local till, opened = unpack(redis.call('HMGET', key, 'open_until', 'opened'))
  if till then
    step.tell('outage over', {seconds = opened and math.floor((now - opened) / 1000)})
    redis.call('HDEL', key, 'open_until', 'opened', 'trial', 'trial_until', 'probes', 'failure')
    redis.call('HINCRBY', key, 'epoch', 1)
  end
end

-- till: "<since> <ms>": a pause that began then ends by itself; older releases leave it as it is
-- *report*: {event, reason, by, who, for_ms, collection, suspect}
--   event: success | refusal | failure | read | probe-good | probe-bad | pause | resume
--   suspect: the failure is that of one item that failed alone before
--   collection: pause or resume only this one
local function record(destination, report)
  local key = 'instep:destination:' .. destination
  local event, part = report.event, given(report.collection)
  if event == 'pause' or event == 'resume' then
    local where = part and ('instep:collection:' .. part) or key
    if event == 'pause' then
      -- What a person does is logged from the audit list (workers/runtime/audit_log.py).
      if redis.call('HEXISTS', where, 'paused') == 0 and given(report.by) ~= 'operator' then
        step.tell('paused', {destination = destination, collection = part, reason = report.reason})
      end
      redis.call('HSET', where, 'paused', report.reason, 'by', given(report.by) or 'instep',
        'since', now, 'who', given(report.who) or '')
      local till = given(report.for_ms) and now + report.for_ms
      if till then redis.call('HSET', where, 'till', string.format('%.0f %.0f', now, till)) else redis.call('HDEL', where, 'till') end
    else
      redis.call('HDEL', where, 'paused', 'by', 'since', 'who', 'till')
      if part then
        publish_wait.try_at_once(part)
        plan_room.try_at_once(part)
      end
      if not part then
        close_breaker(key)
        redis.call('DEL', 'instep:wake:' .. destination)
      end
    end
  elseif event == 'success' then
    redis.call('HSET', key, 'last_success', now)
    close_breaker(key)
  elseif event == 'refusal' then
    close_breaker(key)
  elseif event == 'failure' then
    local failures = redis.call('HINCRBY', key, 'failures', 1)
    redis.call('HSET', key, 'failure', given(report.reason) or '')
    if redis.call('HEXISTS', key, 'open_until') == 1 then
      if redis.call('HGET', key, 'trial') == 'out' then
        open_again(key)
        if given(report.suspect) then redis.call('HSET', key, 'trial', 'fresh') end
      end
    elseif failures >= 3 then
      step.tell('outage', {destination = destination, reason = given(report.reason)})
      redis.call('HSET', key, 'open_until', now + 5000, 'opened', now, 'probes', 0)
    end
  elseif event == 'read' then
    -- No success that says anything of writes; a good look-up on trial is a good probe.
    if redis.call('HGET', key, 'trial') == 'out' then redis.call('HSET', key, 'trial', 'ready') end
  elseif event == 'probe-good' then
    redis.call('HSET', key, 'trial', 'ready')
  elseif event == 'probe-bad' then
    -- The next to ask is a request.
    redis.call('HINCRBY', key, 'probes', 1)
    redis.call('HSET', key, 'open_until', now + probe_ms(key), 'trial', 'blind')
  end
end

-- Whether the pause of the destination or collection at *key* ends by now.
local function is_pause_over(key)
  local paused, since, till = unpack(redis.call('HMGET', key, 'paused', 'since', 'till'))
  local own, at = string.match(till or '', '^(%d+) (%d+)$')
  return paused and own and tonumber(own) == tonumber(since) and tonumber(at) <= now
end

-- *called*: "<kind>:<status>" of the request that was answered, or was not.
local function count_call(destination, called)
  if given(called) then step.measure('calls:' .. destination .. ':' .. called, 1) end
end

return {record = record, count_call = count_call, is_pause_over = is_pause_over}
