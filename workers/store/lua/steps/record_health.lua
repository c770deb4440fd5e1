--! flags allow-oom
-- record_health: what an answer that settles nothing, or an operator, says of a destination or a
-- collection; see destination_health.lua.
-- ARGV[2]: {destination, flight, called, event, reason, by, who, for_ms, collection, suspect}
--   flight: the step that has landed, if any
-- Returns {wake}.
-- Errors: none: a full store does this as well.
--! uses step wakeups destination_health

local request = step.request

if step.given(request.flight) then
  redis.call('ZREM', 'instep:flight:' .. request.destination, request.flight)
end
destination_health.count_call(request.destination, request.called)
destination_health.record(request.destination, request)
local wake = request.event == 'resume' and not wakeups.paused(request.destination)
  and wakeups.claim_marker(request.destination)
return step.answer({wake = wake})
