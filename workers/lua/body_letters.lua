-- Shared, of accept: the one letter of a body of which very many events could not be read whole. It is
-- the last event of such a delivery (index -1), without what was left out: that stays with its events
-- (event.part), which are linked to the letter one by one, in the order in which they came.
--
-- instep:letter:<id>, beside left_out.lua's: e:<hashed event id>: its place, of those that were taken
-- in part: their repeats are replays

local BODY = -1
local nameless_parts = false

local function body_is_nameless() return nameless_parts end

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

-- What *event* left out goes into the letter of its body; that of a repeat stays in the first one.
local function link_part(event, taken, item_of)
  if not event.part or not writing or #event.problems > 0 then return end
  local again = given(event.again)
  if again and given(again.whole) ~= writing then return end
  link_left_out(writing, event, item_of)
  nameless_parts = nameless_parts or event.nameless
  if taken and given(event.id) then
    redis.call('HSETNX', letter_key(writing), 'e:' .. event.id, again and again.place or event.place)
  end
end

-- Whether the letter of a body says that the event was taken in part.
local function is_part_of(id, event)
  return given(event.id) ~= nil and redis.call('HEXISTS', letter_key(id), 'e:' .. event.id) == 1
end

local function place_by_body(id, event)
  local held = redis.call('HMGET', letter_key(id),
    'state', 'e:' .. event.id, 'number', 'arrival', 'came')
  if held[1] ~= 'open' or not held[2] then return nil end
  return {number = tonumber(held[3]) or 0, place = tonumber(held[2]), arrival = tonumber(held[4]),
    came = held[5], taken = true, letters = {}, whole = id}
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
