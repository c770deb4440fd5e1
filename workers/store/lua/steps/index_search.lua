-- index_search: puts rows of records into the search index, each unless it has changed since it was read.
-- ARGV[2]: {place, entries: [{record, before, after, key, add, drop, due}]}
--   before, after: rows as text (search_row.py); absent: none
--   key: its member of the set that has one for each row
--   add, drop: members of the sorted set of its texts (search_parts.lua)
--   due: [name, stamp] in instep:search-due, which the row is as new as
-- Returns {late: [record]}: those that have changed.
-- Errors: OOM: the store is full; the records stay due.
--! uses step new_forms search_parts

local request, given = step.request, step.given
local rows, texts = 'instep:search-rows:' .. request.place, 'instep:search:' .. request.place
local by_key = 'instep:search-keys:' .. request.place
local may_split = new_forms.may_write()

local function put(entry)
  local after = given(entry.after)
  for _, member in ipairs(entry.drop) do search_parts.remove(texts, member) end
  for _, member in ipairs(entry.add) do search_parts.add(texts, member, may_split) end
  if after then
    redis.call('HSET', rows, entry.record, after)
  else
    redis.call('HDEL', rows, entry.record)
  end
end

local late = {}
for _, entry in ipairs(request.entries) do
  local before, due = given(entry.before), given(entry.due)
  if (redis.call('HGET', rows, entry.record) or nil) ~= before then
    late[#late + 1] = entry.record
  else
    if given(entry.after) ~= before then put(entry) end
    -- Also where the row stays: a process of an older release does not know of this set.
    if given(entry.after) then
      search_parts.add(by_key, entry.key, may_split)
    else
      search_parts.remove(by_key, entry.key)
    end
    if due and redis.call('HGET', 'instep:search-due', due[1]) == due[2] then
      redis.call('HDEL', 'instep:search-due', due[1])
    end
  end
end
return step.answer({late = late})
