--! flags allow-oom
-- count_letters: what the open letters of some groups hold, a part of each group at a time.
-- ARGV[2]: {parts: [[group, first, last], …]}: places in the group, that of its newest letter is -1
-- Returns {parts: [[values, many, times, [record, …]], …]}
--   values: field values in them    many: letters that stand for many    times: how many these stand for
--   record: each once in its part; a letter of an event has none
-- Errors: none: it only reads.
--! uses step

local request = step.request

local function counted(group, first, last)
  local values, many, times, records, known = 0, 0, 0, {}, {}
  for _, id in ipairs(redis.call('ZRANGE', 'instep:letters:group:' .. group, first, last)) do
    local held = redis.call('HMGET', 'instep:letter:' .. id, 'open', 'times', 'record')
    values = values + tonumber(held[1] or 0)
    if string.sub(id, 1, 1) == 'g' then
      many, times = many + 1, times + tonumber(held[2] or 1)
    elseif held[3] and not known[held[3]] then
      known[held[3]] = true
      records[#records + 1] = held[3]
    end
  end
  return {values, many, times, records}
end

local parts = {}
for place, part in ipairs(request.parts) do parts[place] = counted(unpack(part)) end
return cjson.encode({parts = parts})
