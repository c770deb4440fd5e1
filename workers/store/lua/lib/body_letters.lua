-- Shared, of accept: the one letter of a body of which very many events could not be read whole. It is
-- the last event of such a delivery (index -1), without what was left out: that stays with its events
-- (event.part), which are linked to the letter one by one, in the order in which they came.
--
-- instep:letter:<id>, beside left_out.lua's: e:<hashed event id, or #place>: where an event of it stands,
--   "<place> <arrival number> <1: it was taken in part>"; the repeats of those are replays
--! uses calls step items slices left_out raw_bodies

local given = step.given
local request
local nameless_parts, parts_with_ids
calls.on_begin(function()
  request = step.request
  nameless_parts, parts_with_ids = false, false
end)
local body_letters = {}
local BODY = -1

function body_letters.is_nameless() return nameless_parts end

function body_letters.has_ids() return parts_with_ids end

-- The letter of the body of a delivery that is accepted in slices is begun by the first of them.
local function go_on_with_body_letter(sliced)
  left_out.rewriting.id = sliced.letter ~= '' and sliced.letter or nil
  nameless_parts, parts_with_ids = sliced.nameless == '1', sliced.with_ids == '1'
end

local function drop_parts(id)
  for _, name in ipairs(redis.call('HKEYS', left_out.letter_key(id))) do
    if string.sub(name, 1, 2) == 'e:' then redis.call('HDEL', left_out.letter_key(id), name) end
  end
end

-- Begins the letter of the body anew, where this delivery has one; *closes*: the letter that it replays.
-- In slices each event takes out what it has left in it (leave_own_entries).
function body_letters.begin_letter(events, closes, letter_for, sliced)
  if sliced and sliced.letter then return go_on_with_body_letter(sliced) end
  local last = sliced and given(request.whole) or events[#events]
  if last and last.index == BODY and #last.problems > 0 then
    local id = letter_for(last)
    if string.sub(id, 1, 1) == 'g' then return end
    left_out.rewriting.id = id
    if left_out.is_open(id) then return not sliced and left_out.unlink_all(id) end
    if slices.has('letter:' .. id) then
      left_out.unlink_all(id)
      slices.finish('letter:' .. id)
    end
    drop_parts(id)
    redis.call('HDEL', left_out.letter_key(id), 'entries')
  elseif not sliced and closes and left_out.is_open(closes)
      and redis.call('HGET', left_out.letter_key(closes), 'index') == string.format('%d', BODY) then
    left_out.unlink_all(closes)
  end
end

-- What *event* has left in the letter of its body when it came before.
function body_letters.remove_own_entries(event, id)
  for _, one in ipairs({event.changes, event.left}) do
    for _, place in ipairs(one) do
      local item = items.of(place)
      local slugs = {}
      for slug, link in pairs(item.left) do
        if link.letter == id and link.place == event.place then slugs[#slugs + 1] = slug end
      end
      for _, slug in ipairs(slugs) do
        left_out.unlink(item, slug)
        left_out.remove_entry(left_out.letter_key(id), left_out.entry_name(item, slug))
      end
    end
  end
end

local function part_name(event)
  return 'e:' .. (event.id or string.format('#%.0f', event.place))
end

-- What *event* left out goes into the letter of its body; that of a repeat stays in the first one.
function body_letters.link_part(event, arrival)
  if not event.part or not left_out.rewriting.id or #event.problems > 0 then return end
  local again = event.again
  if again and given(again.whole) ~= left_out.rewriting.id then return end
  left_out.link_event(left_out.rewriting.id, event)
  nameless_parts = nameless_parts or event.nameless
  parts_with_ids = parts_with_ids or event.id ~= nil
  if again then return end
  local taken = #event.changes + #event.fetches > 0 and 1 or 0
  local place = string.format('%.0f %.0f %d', event.place, arrival, taken)
  redis.call('HSET', left_out.letter_key(left_out.rewriting.id), part_name(event), place)
end

-- An event that runs again stands where the letter of its body says.
function body_letters.restore_place(event)
  local again = event.again
  local held = given(again.whole) and redis.call('HGET', left_out.letter_key(again.whole), part_name(event))
  if not held then return end
  local _, arrival, taken = string.match(held, '^(%d+) (%d+) (%d)$')
  again.arrival = tonumber(arrival)
  again.taken = again.taken or taken == '1'
end

local function place_by_body(id, event)
  local held = redis.call('HMGET', left_out.letter_key(id), 'state', part_name(event), 'number', 'came')
  local place, arrival = string.match(held[2] or '', '^(%d+) (%d+) 1$')
  if held[1] ~= 'open' or not place then return nil end
  return {number = tonumber(held[3]) or 0, place = tonumber(place), arrival = tonumber(arrival),
    came = held[4], taken = true, letters = {}, whole = id}
end

-- Where the event stands that a letter of a body holds something of; nil: there is none.
function body_letters.find_place(event)
  if not raw_bodies.has_letters(request.source) then return nil end
  local tried = {}
  local function look(place, slug)
    local link = items.of(place).left[slug]
    if not link or tried[link.letter] then return nil end
    tried[link.letter] = true
    return place_by_body(link.letter, event)
  end
  for _, change in ipairs(event.changes) do
    for _, triple in ipairs(change.fields) do
      local again = look(change, triple[1])
      if again then return again end
    end
  end
  for _, left in ipairs(event.left) do
    local again = look(left, left.slug)
    if again then return again end
  end
  return nil
end

return body_letters
