-- Records of which the search index (workers/store/search_index.py) is to be brought up to date: those
-- that are new, renamed or gone, or have another item. Here they are noted alone.
--   instep:search-due  hash: <collection>:<record> → µs of the last change
--! uses calls step

local search_marks = {}
local stamp
calls.on_begin(function() stamp = nil end)

function search_marks.note(collection, record)
  stamp = stamp or string.format('%d', step.now_us)
  redis.call('HSET', 'instep:search-due', collection .. ':' .. record, stamp)
end

return search_marks
