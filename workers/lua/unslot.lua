#!lua flags=allow-oom
-- unslot: gives back the budget slot of a claim that sent nothing.
-- ARGV[2]: {token, destination, budget, limit}
-- Returns {ok}.
--! uses state budget

local earlier = earlier_answer()
if earlier then return earlier end
local _, every = slot_wait(request.budget, request.limit, request.destination)
return_slot(request.budget, every, request.destination)
return answer({ok = true})
