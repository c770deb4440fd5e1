--! flags allow-oom
-- read_search: reads a sorted set of the search index, which may stand in parts (search_parts.lua).
-- ARGV[2]: {key, beginning, after, count}: up to *count* members that begin with *beginning*, behind *after*; or
--   {key, members}: those of *members* that stand there
-- Returns {found: [member]}.
-- Errors: none: it only reads.
--! uses step search_parts

local request, given = step.request, step.given
local found = {}
for _, member in ipairs(given(request.members) or {}) do
  if search_parts.has(request.key, member) then found[#found + 1] = member end
end
if given(request.count) then
  found = search_parts.range(request.key, request.beginning, given(request.after), request.count)
end
return step.answer({found = found})
