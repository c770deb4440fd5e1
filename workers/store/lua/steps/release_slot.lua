--! flags allow-oom
-- release_slot: gives back the budget slot of a claim that sent nothing.
-- ARGV[2]: {token, destination, budget, limit}
-- Returns {ok}.
-- Errors: none: a full store does this as well.
--! uses step rate_limiter

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
rate_limiter.return_slot(rate_limiter.budget_of(request.budget, request.limit), request.destination)
return step.answer({ok = true})
