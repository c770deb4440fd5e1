-- Shared, of accept: the one letter of a body of which very many events could not be read whole. It is
-- the last event of such a delivery (index -1), without what was left out: that stays with its events
-- (event.part), which are linked to the letter one by one, in the order in which they came.
--
-- instep:letter:<id>, beside left_out.lua's: e:<hashed event id, or #place>: where an event of it stands,
--   "<place> <arrival number> <1: it was taken in part>"; the repeats of those are replays

local BODY = -1
local nameless_parts, parts_with_ids = false, false

local function body_is_nameless() return nameless_parts end

local function body_has_ids() return parts_with_ids end

-- Begins the letter of the body anew, where this delivery has one; *closes*: the letter that it replays.
local function begin_body_letter(events, closes, item_of, letter_for)
  local last = events[#events]
  if last and last.index == BODY and #last.problems > 0 then
    local id = letter_for(last)
    if string.sub(id, 1, 1) == 'g' then return end
    writing = id
    if is_open(id) then return unlink_left_out(id, item_of) end
    local held = redis.call('HKEYS', letter_key(id))
    for _, name in ipairs(held) do
      if string.sub(name, 1, 2) == 'e:' then redis.call('HDEL', letter_key(id), name) end
    end
    redis.call('HDEL', letter_key(id), 'entries')
  elseif closes and is_open(closes)
      and redis.call('HGET', letter_key(closes), 'index') == string.format('%d', BODY) then
    unlink_left_out(closes, item_of)
  end
end

local function part_name(event)
  return 'e:' .. (given(event.id) or string.format('#%.0f', event.place))
end

-- What *event* left out goes into the letter of its body; that of a repeat stays in the first one.
local function link_part(event, arrival, item_of)
  if not event.part or not writing or #event.problems > 0 then return end
  local again = given(event.again)
  if again and given(again.whole) ~= writing then return end
  link_left_out(writing, event, item_of)
  nameless_parts = nameless_parts or event.nameless
  parts_with_ids = parts_with_ids or given(event.id) ~= nil
  if again then return end
  local taken = #event.changes + #event.fetches > 0 and 1 or 0
  local place = string.format('%.0f %.0f %d', event.place, arrival, taken)
  redis.call('HSET', letter_key(writing), part_name(event), place)
end

-- An event that runs again stands where the letter of its body says.
local function know_part(event)
  local again = event.again
  local held = given(again.whole) and redis.call('HGET', letter_key(again.whole), part_name(event))
  if not held then return end
  local _, arrival, taken = string.match(held, '^(%d+) (%d+) (%d)$')
  again.arrival = tonumber(arrival)
  again.taken = again.taken or taken == '1'
end

local function place_by_body(id, event)
  local held = redis.call('HMGET', letter_key(id), 'state', part_name(event), 'number', 'came')
  local place, arrival = string.match(held[2] or '', '^(%d+) (%d+) 1$')
  if held[1] ~= 'open' or not place then return nil end
  return {number = tonumber(held[3]) or 0, place = tonumber(place), arrival = tonumber(arrival),
    came = held[4], taken = true, letters = {}, whole = id}
end

-- Where the event stands that a letter of a body holds something of; nil: there is none.
local function again_by_body(event, item_of)
  if redis.call('EXISTS', P .. 'letters:raw:' .. request.source) == 0 then return nil end
  local tried = {}
  local function look(place, slug)
    local link = item_of(place).left[slug]
    if not link or tried[link.l] then return nil end
    tried[link.l] = true
    return place_by_body(link.l, event)
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
