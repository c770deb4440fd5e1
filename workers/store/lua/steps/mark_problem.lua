--! flags allow-oom
-- mark_problem: says that a group of letters was seen, is to be ignored, or is open again.
-- ARGV[2]: {token, group, state: 'open' | 'seen' | 'ignored', by}
-- Returns {done}: false: there is no such group.
-- Errors: none: a full store does this as well.
--! uses step letter_groups

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
return step.answer({done = letter_groups.mark(request.group, request.state, request.by)})
