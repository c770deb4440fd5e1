#!lua flags=allow-oom
-- audit: appends what an operator did to the audit list, and trims it.
-- ARGV[2]: {token, by, action, target, figures, most}: figures: JSON text
-- Returns {}.
-- Errors: none: a full store does this as well.
--! uses step

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
redis.call('XADD', 'instep:audit', 'MAXLEN', request.most, '*',
  'by', request.by, 'action', request.action, 'target', request.target, 'figures', request.figures)
return step.answer({})
