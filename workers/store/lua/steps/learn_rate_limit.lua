--! flags allow-oom
-- learn_rate_limit: what an answer to no claim says of the budget; see rate_headers.lua.
-- ARGV[2]: {destination, called, budget, limit, remaining, age_ms, closed, retry_ms}
-- Returns {ok}.
-- Errors: none: a full store does this as well.
--! uses step rate_headers destination_health

rate_headers.learn(step.request.destination, step.request)
destination_health.count_call(step.request.destination, step.request.called)
return step.answer({ok = true})
