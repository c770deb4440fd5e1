-- Records of which the search index (workers/store/search_index.py) is to be brought up to date: those
-- that are new, renamed or gone, or have another item. Here they are noted alone.
--   instep:search-due  hash: <collection>:<record> → µs of the last change
--! uses calls step gathered

local search_marks = {}
local stamp
local noted = {}  -- names and stamps that are not written yet
calls.on_group(function()
  if noted[1] then noted = {} end
end)
calls.on_begin(function() stamp = nil end)

local function write()
  step.call_in_parts('HSET', 'instep:search-due', noted)
  noted = {}
end

function search_marks.note(collection, record)
  stamp = stamp or string.format('%d', step.now_us)
  noted[#noted + 1], noted[#noted + 2] = collection .. ':' .. record, stamp
  gathered.later(write)
end

return search_marks
