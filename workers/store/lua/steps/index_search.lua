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
local by_key, due = 'instep:search-keys:' .. request.place, 'instep:search-due'

-- What *key* holds of *names*, by name.
local function held_of(key, names)
  local held, texts_of = {}, names[1] and redis.call('HMGET', key, unpack(names)) or {}
  for n = 1, #names do held[names[n]] = texts_of[n] or nil end
  return held
end

local records, names = {}, {}
for n, entry in ipairs(request.entries) do
  records[n] = entry.record
  if given(entry.due) then names[#names + 1] = entry.due[1] end
end
local held, stamps = held_of(rows, records), held_of(due, names)

-- What is written once all of it is known: one call for all records takes a quarter of the time.
local put, gone, added, keys, done, late = {}, {}, {}, {}, {}, {}

local function note_row(entry, after)
  for _, member in ipairs(entry.drop) do search_parts.remove(texts, member) end
  for _, member in ipairs(entry.add) do added[#added + 1] = member end
  if after then
    put[#put + 1], put[#put + 2] = entry.record, after
  else
    gone[#gone + 1] = entry.record
  end
  held[entry.record] = after
end

for _, entry in ipairs(request.entries) do
  local before, after, mark = given(entry.before), given(entry.after), given(entry.due)
  if held[entry.record] ~= before then
    late[#late + 1] = entry.record
  else
    if after ~= before then note_row(entry, after) end
    -- Also where the row stays: a process of an older release does not know of this set.
    if after then
      keys[#keys + 1] = entry.key
    else
      search_parts.remove(by_key, entry.key)
    end
    if mark and stamps[mark[1]] == mark[2] then done[#done + 1] = mark[1] end
  end
end

local may_split = new_forms.may_write()
search_parts.add(texts, added, may_split)
search_parts.add(by_key, keys, may_split)
search_parts.save()
step.call_in_parts('HSET', rows, put)
step.call_in_parts('HDEL', rows, gone)
step.call_in_parts('HDEL', due, done)
return step.answer({late = late})
