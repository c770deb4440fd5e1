-- Shared: kept deliveries that run again through the mappings as they are now (`instep remap`).
-- request.again: so it is. request.assumed: {item: {slug: field}}: what the steps of this dry run
-- before this one would have stored.
-- What changes nothing is not accepted: it was, or was overtaken before it could be.

local tally = {same = 0, stale = 0}
local taken, refused, closed = {}, {}, {}

local function assume(item)
  local fields = given(request.assumed) and request.assumed[item.collection .. ':' .. item.record]
  for slug, text in pairs(fields or {}) do item.fields[slug] = cjson.decode(text) end
  return item
end

-- Counts the fate of a value that was not taken.
local function pass_over(event, fate)
  if not given(event.again) then
    count('accepted', 1)
    count(fate, 1)
  else
    local name = fate == 'stale' and 'stale' or 'same'
    tally[name] = tally[name] + 1
  end
end

local function note_taken(event, item, slug, held, field)
  if not given(event.again) then return end
  taken[#taken + 1] = {item.collection, item.record, slug, held and held.v or false, field.v,
    ARGV[6] == 'dry' and cjson.encode(field) or false}
end

-- What cannot be taken stays as it is, and is told.
local function set_aside(bad)
  if not request.again then return bad end
  for _, event in ipairs(bad) do
    refused[#refused + 1] = {event.again.number, event.problems}
  end
  return {}
end

-- The dead letters of an event that could not be mapped when it came.
local function close_own_letters(event)
  for _, id in ipairs(given(event.again) and event.again.letters or {}) do
    if redis.call('HGET', P .. 'letter:' .. id, 'state') == 'open' then
      close_letter(id, 'replayed')
      closed[#closed + 1] = id
    end
  end
end
