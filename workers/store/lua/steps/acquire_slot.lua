--! flags allow-oom
-- acquire_slot: one budget slot for a call outside of a claim (an operator's question, a page of a
-- reconcile's own listing).
-- ARGV[2]: {token, destination, budget, limit, lane}
-- Returns {ms}: 0, the slot is taken; else when to ask again.
-- Errors: none: a full store does this as well.
--! uses step rate_limiter

local request, now = step.request, step.now

local earlier = step.earlier_answer()
if earlier then return earlier end
local budget = rate_limiter.budget_of(request.budget, request.limit)
-- Not the destination itself: its claims must let these calls have their turn as well.
local who = request.destination .. ':calls'
local ms = rate_limiter.slot_wait(budget, request.lane, who)
if ms > 0 then
  rate_limiter.has_to_wait(budget, request.lane)
  rate_limiter.queue_up(budget, request.lane, who, now + ms)
  return cjson.encode({ms = ms})
end
rate_limiter.take_slot(budget, request.lane, who, request.destination)
return step.answer({ms = 0})
