#!lua flags=allow-oom
-- learn_rate_limit: what an answer to no claim says of the budget; see rate_headers.lua.
-- ARGV[2]: {destination, budget, limit, remaining, age_ms, closed, retry_ms}
-- Returns {ok}.
-- Errors: none: a full store does this as well.
--! uses step rate_headers

rate_headers.learn(step.request.destination, step.request)
return step.answer({ok = true})
