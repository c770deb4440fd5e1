--! flags allow-oom
-- audit: appends what an operator did to the audit list, and trims it.
-- ARGV[2]: {token, by, action, target, figures, most}: figures: JSON text
-- Returns {}.
-- Errors: none: a full store does this as well.
--! uses step audit_list

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
audit_list.add(request, request.most)
return step.answer({})
