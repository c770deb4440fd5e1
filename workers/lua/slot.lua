#!lua flags=allow-oom
-- slot: one budget slot for a call outside of a claim (an operator's question, an item's files).
-- ARGV[2]: {token, destination, budget, limit}
-- Returns {ms}: 0, the slot is taken; else when to ask again.
--! uses state budget

local earlier = earlier_answer()
if earlier then return earlier end
local ms, every, tat = slot_wait(request.budget, request.limit, request.destination)
if ms > 0 then queue_up(request.budget, request.destination, now + ms) end
if ms > 0 then return cjson.encode({ms = ms}) end
take_slot(request.budget, every, tat, request.destination)
return answer({ms = 0})
