-- Shared, of accept: the dead letter of an event of which something could not be read. An event has
-- one, named by its id; the letter of an event that runs again may have the name of an older release.
--! uses calls step items arrivals dead_letters creation raw_bodies left_out remap body_letters

local given = step.given
local request
calls.on_begin(function() request = step.request end)
local event_letters = {}
local CAUSES = 1000   -- that have a letter each beyond those
calls.on_begin(function() event_letters.rewritten = {} end)  -- letters of this delivery that stay open

-- Whether all of an event could be read.
function event_letters.is_whole(event) return #event.problems + #event.left == 0 and not event.part end

-- A record that is known, or is back, by an event that could not be read whole is not created before
-- another event could.
function event_letters.note_whole(item, event)
  if event_letters.is_whole(event) then
    if item.meta.partial then creation.replay_values(item, 'kind', 'missing') end
    items.set(item, 'partial', nil)
  elseif not next(item.fields) or items.in_force(item) then
    items.set(item, 'partial', event.part and left_out.rewriting.id or event.letter)
  end
end

-- Where the event of an open letter of which something was taken stands, so that its repeat runs as
-- a replay; nil: the event has no such letter.
function event_letters.find_place(event)
  local held = redis.call('HMGET', left_out.letter_key(event.letter),
    'state', 'taken', 'number', 'place', 'arrival', 'came')
  if held[1] ~= 'open' or not held[2] then return body_letters.find_place(event) end
  return {number = tonumber(held[3]), place = tonumber(held[4]), arrival = tonumber(held[5]),
    came = held[6], taken = true, letters = {event.letter}}
end

-- The letters of an event that was read whole.
function event_letters.close_letters(event)
  local again = event.again
  for _, id in ipairs(again and again.letters or {event.letter}) do
    if left_out.is_open(id) then
      left_out.close_letter(id, 'replayed')
      remap.closed[#remap.closed + 1] = id
    end
  end
end

-- Beyond so many letters of a source one stands for all that have one cause.
function event_letters.letter_for(event)
  local letters = 'instep:letters:raw:' .. request.source
  if redis.call('SISMEMBER', letters, event.letter) == 1
      or redis.call('SCARD', letters) < request.letters_most and not dead_letters.is_full() then
    return event.letter
  end
  local cause = request.source .. ' ' .. event.problems[1].path
  -- A path may name a place in a list: there may be any number of those.
  if redis.call('SCARD', letters) >= request.letters_most + CAUSES then cause = request.source end
  return 'g' .. string.sub(redis.sha1hex(cause), 1, 16)
end

local function open_letter_of(event)
  for _, id in ipairs(event.again.letters) do
    if left_out.is_open(id) then return id end
  end
end

-- The arrival number at which an event stands; that of which something was left out has its own.
function event_letters.arrival_of(event)
  local fails = #event.problems + #event.left > 0 or event.part
  if fails and not event.again then return arrivals.next() end
  return arrivals.last()
end

local function note_place(id, event, keeping, before)
  local again = event.again
  -- What has no id is no repeat: it stands where it came last.
  local first = again or event.id or (event.index < 0 and body_letters.has_ids())
  if first and redis.call('HEXISTS', left_out.letter_key(id), 'came') == 1 then return end
  local first = again or {number = keeping and keeping.number or 0, arrival = before,
    came = string.format('t%017.0f', arrivals.us)}
  redis.call('HSET', left_out.letter_key(id), 'number', first.number, 'place', event.place, 'came', first.came)
  if given(first.arrival) then
    redis.call('HSET', left_out.letter_key(id), 'arrival', string.format('%.0f', first.arrival))
  end
end

-- Returns whether the event has an open letter now. *before*: the arrival number when its turn came.
function event_letters.keep_letter(event, raw, keeping, before)
  local again = event.again
  if request.again then remap.refused[#remap.refused + 1] = {event.again.number, event.problems} end
  local id = again and open_letter_of(event) or nil
  -- Of a kept delivery that runs again nothing new is kept: what fails stays as it is.
  if request.again and not id then return false end
  id = id or event_letters.letter_for(event)
  local key, opens = left_out.letter_key(id), not left_out.is_open(id)
  local begun = id == left_out.rewriting.id
  if begun then left_out.rewriting.id = nil end
  if opens then
    redis.call('HDEL', key, 'came', 'arrival', 'taken', 'nameless')
    if not begun then redis.call('HDEL', key, 'entries') end
  elseif not begun then
    left_out.unlink_all(id)
  end
  local stands_for_many = string.sub(id, 1, 1) == 'g'
  local lacks = redis.call('HEXISTS', key, 'raw') == 0
  -- The body of one event would be that of no other; a kept delivery that runs again brings none.
  local fits = not stands_for_many and raw.raw
    and (not lacks or raw_bodies.has_room(raw_bodies.weight_of(raw, {}), 1))
  raw_bodies.keep_letter({id = id, source = request.source, topic = event.topic, name = event.name,
    index = event.index, problems = event.problems, headers = event.headers}, fits and raw or nil)
  event_letters.rewritten[id] = true
  note_place(id, event, not stands_for_many and keeping or nil, before)
  if #event.changes > 0 or #event.fetches > 0 then redis.call('HSET', key, 'taken', 1) end
  local nameless = event.nameless or stands_for_many or (begun and body_letters.is_nameless())
  if nameless then
    redis.call('HSET', key, 'nameless', 1)
  else
    redis.call('HDEL', key, 'nameless')
  end
  if stands_for_many then return true end
  left_out.link_event(id, event)
  if left_out.entries_of(key) == 0 and not nameless then
    dead_letters.close(id, 'superseded')
    return false
  end
  return true
end

return event_letters
