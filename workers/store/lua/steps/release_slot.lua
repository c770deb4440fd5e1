#!lua flags=allow-oom
-- release_slot: gives back the budget slot of a claim that sent nothing.
-- ARGV[2]: {token, destination, budget, limit}
-- Returns {ok}.
--! uses state rate_limiter

local earlier = earlier_answer()
if earlier then return earlier end
return_slot(budget_of(request.budget, request.limit), request.destination)
return answer({ok = true})
