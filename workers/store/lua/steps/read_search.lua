--! flags allow-oom
-- read_search: reads the sorted sets of the search index, which may stand in parts (search_parts.lua).
-- ARGV[2]: {reads: [[key, beginning, count, after]]}: up to *count* members each that begin with *beginning*, behind
--   *after* where it is given; or {key, members}: those of *members* that stand there
-- Returns {found: [[member]]} or {found: [member]}.
-- Errors: none: it only reads.
--! uses step search_parts

local request, given = step.request, step.given
local found = {}
for i, each in ipairs(given(request.reads) or {}) do
  found[i] = search_parts.range(each[1], each[2], given(each[4]), each[3])
end
for _, member in ipairs(given(request.members) or {}) do
  if search_parts.has(request.key, member) then found[#found + 1] = member end
end
return step.answer({found = found})
