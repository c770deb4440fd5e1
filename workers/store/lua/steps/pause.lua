--! flags allow-oom
-- pause: pauses or resumes a source or a lane of all destinations; of a destination or a collection:
-- record_health.lua.
-- ARGV[2]: {name: "source:<name>" | "lane:<name>", act: 'pause' | 'resume', reason, by, for_ms,
--   destinations: [name]}: of which a lane may go on
-- Returns {done, wake: [destination]}; done: it was paused, or is now.
-- Errors: none: a full store does this as well.
--! uses step wakeups

local request, now, given = step.request, step.now, step.given

if request.act == 'pause' then
  local held = {reason = request.reason, by = request.by, since = now}
  if given(request.for_ms) then held.till = now + request.for_ms end
  redis.call('HSET', 'instep:pauses', request.name, cjson.encode(held))
  return step.answer({done = true})
end
local done, wake = redis.call('HDEL', 'instep:pauses', request.name) == 1, {}
for _, destination in ipairs(given(request.destinations) or {}) do
  redis.call('HDEL', 'instep:destination:' .. destination, 'lower_until')
  if not wakeups.paused(destination) and wakeups.claim_marker(destination) then wake[#wake + 1] = destination end
end
wakeups.nudge_sweep()  -- it lets go what rests
return step.answer({done = done, wake = wake})
