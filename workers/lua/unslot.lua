#!lua flags=allow-oom
-- unslot: gives back the budget slot of a claim that sent nothing.
-- ARGV[2]: {token, destination, budget, limit}
-- Returns {ok}.
--! uses state budget

local earlier = earlier_answer()
if earlier then return earlier end
return_slot(budget_of(request.budget, request.limit), request.destination)
return answer({ok = true})
