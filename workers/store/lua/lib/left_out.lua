-- Shared: what of an event could not be read. It stands in the letter of the event, and leaves it
-- once something newer of that field is held, or was left out as well.
--
-- instep:letter:<id> of an unmapped event, beside raw_bodies.lua's:
--   o:["collection","record","slug"]  what was left out: its version, or '' where arrival decides
--   entries: how many of those there are
--   nameless: 1 where it has problems that name no field of a record: it is closed by hand
--   taken: 1 where some of the event was accepted
--   number, place, arrival: of the kept delivery (0: not kept), of the event in it, and the arrival
--     number when it came: where the event stands when it runs again
-- instep:item:…  o:<slug>: {letter, version, arrival: the number then, place: of its event in
--   its delivery}
--! uses calls versions step items arrivals dead_letters slices version_order life_entries

local given = step.given

local left_out = {}

function left_out.letter_key(id) return 'instep:letter:' .. id end

function left_out.is_open(id) return redis.call('HGET', left_out.letter_key(id), 'state') == 'open' end

function left_out.entry_name(item, slug)
  return 'o:' .. cjson.encode({item.collection, item.record, slug})
end

function left_out.unlink(item, slug)
  item.left[slug] = nil
  item.relinked[slug] = true
end

-- id: of the letter that this step writes anew: what it holds is known at the end
calls.on_begin(function() left_out.rewriting = {} end)

-- How many entries a letter holds; one that an older release wrote is counted once.
function left_out.entries_of(key)
  local known = redis.call('HGET', key, 'entries')
  if known then return tonumber(known) end
  local held, number = redis.call('HGETALL', key), 0
  for i = 1, #held, 2 do
    if string.sub(held[i], 1, 2) == 'o:' then number = number + 1 end
  end
  redis.call('HSET', key, 'entries', number)
  return number
end

function left_out.remove_entry(key, name)
  local held = left_out.entries_of(key)
  local removed = redis.call('HDEL', key, name)
  if removed > 0 then redis.call('HSET', key, 'entries', held - 1) end
  return removed
end

-- Nothing of it is left in its letter: with the last entry the letter closes.
function left_out.remove(item, slug)
  local id = item.left[slug].letter
  left_out.unlink(item, slug)
  local key = left_out.letter_key(id)
  if left_out.remove_entry(key, left_out.entry_name(item, slug)) == 0 or id == left_out.rewriting.id or not left_out.is_open(id) then return end
  if left_out.entries_of(key) == 0 and redis.call('HEXISTS', key, 'nameless') == 0 then
    dead_letters.close(id, 'superseded')
  end
end

-- Whether *link* is of the event itself, or of one before it in the body of their one letter.
local function is_own(link, event)
  local again = given(event.again)
  if event.letter == link.letter then return true end
  for _, name in ipairs(again and again.letters or {}) do
    if name == link.letter then return true end
  end
  return again ~= nil and given(again.whole) == link.letter and again.place >= (link.place or 0)
end

-- Versions of two kinds cannot be compared.
local function are_compared(one, other)
  local a, b = versions.kind_of(one), versions.kind_of(other)
  return a == b or a == versions.BEFORE or b == versions.BEFORE
end

-- Whether an event that gives *version* stands after what *link* names: by version, then by arrival.
local function is_after(link, version, event)
  if link.version and version and version ~= link.version and are_compared(version, link.version) then
    return version > link.version
  end
  local again = given(event.again)
  if not again then return not arrivals.reserved or arrivals.reserved.arrival >= link.arrival end
  return is_own(link, event) or (given(again.arrival) or 0) > link.arrival
end

-- A value of *slug*, or a retirement, was accepted: what was left out before it is overtaken.
function left_out.overtake(item, slug, version, event)
  if not next(item.left) then return end
  local names = {}
  for name in pairs(item.left) do
    if slug == items.GONE or name == items.GONE or name == slug then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do
    if is_after(item.left[name], version, event) then left_out.remove(item, name) end
  end
end

-- Whether something newer is held than a value that *left* names.
function left_out.is_overtaken(item, left, event)
  local version = given(left.version)
  local function is_newer(field)
    if version and field.version ~= version and are_compared(field.version, version) then
      return field.version > version
    end
    local back = given(event.again) or arrivals.reserved or arrivals.spooled
    return back ~= nil and not version_order.came_before(field, event)
  end
  for slug, field in pairs(item.fields) do
    local compared = slug == left.slug or left.slug == items.GONE or (slug == items.GONE and not field.undone)
    if compared and is_newer(field) then return true end
  end
  return false
end

-- What of *item* was left out leaves its letter where something newer is held.
function left_out.remove_overtaken(item)
  local overtaken = {}
  for slug, link in pairs(item.left) do
    local left, event = {slug = slug, version = link.version}, {again = {number = 0, arrival = link.arrival}}
    if left_out.is_overtaken(item, left, event) then overtaken[#overtaken + 1] = slug end
  end
  for _, slug in ipairs(overtaken) do left_out.remove(item, slug) end
end

-- Puts what *event* left out into its letter *id*.
function left_out.link_event(id, event)
  local arrival = arrivals.last()
  local again, put, held = given(event.again), {}, left_out.entries_of(left_out.letter_key(id))
  for _, left in ipairs(event.left) do
    local item, slug, version = items.of(left), left.slug, given(left.version)
    local link = {letter = id, version = version, arrival = again and given(again.arrival) or arrival,
      place = again and again.place or event.place}
    local other = item.left[slug]
    local later = not other or is_after(other, version, event)
    if later and not left_out.is_overtaken(item, left, event) then
      if other and other.letter ~= id then left_out.remove(item, slug) end
      item.left[slug] = link
      item.relinked[slug] = true
      put[#put + 1] = left_out.entry_name(item, slug)
      put[#put + 1] = version or ''
    end
  end
  held = held + step.call_in_parts('HSET', left_out.letter_key(id), put)
  redis.call('HSET', left_out.letter_key(id), 'entries', held)
end

local function unlink_entry(id, name, discards)
  local place = cjson.decode(string.sub(name, 3))
  local item = items.of({collection = place[1], record = place[2]})
  local link = item.left[place[3]]
  if link and link.letter == id then
    left_out.unlink(item, place[3])
    if discards then life_entries.note_letter(item, 'discard', id, 'unmapped', {place[3]}) end
  end
  redis.call('HDEL', left_out.letter_key(id), name)
end

-- Takes all entries out of a letter: it is closed, or written anew. *discards*: an operator wants it so.
function left_out.unlink_all(id, discards)
  local held = redis.call('HGETALL', left_out.letter_key(id))
  for i = 1, #held, 2 do
    if string.sub(held[i], 1, 2) == 'o:' then unlink_entry(id, held[i], discards) end
  end
  redis.call('HDEL', left_out.letter_key(id), 'entries')
end

-- Takes some entries out of a letter that is closed; true: that was all.
function left_out.unlink_slice(id)
  local cursor, room = '0', slices.SLICE
  for _ = 1, 10 do
    local found = redis.call('HSCAN', left_out.letter_key(id), cursor, 'COUNT', slices.SLICE)
    for i = 1, #found[2], 2 do
      local name = found[2][i]
      local kind = string.sub(name, 1, 2)
      if kind == 'e:' then redis.call('HDEL', left_out.letter_key(id), name) end
      if kind == 'o:' then
        if room == 0 then return false end
        unlink_entry(id, name)
        room = room - 1
      end
    end
    cursor = found[1]
    if cursor == '0' then return true end
  end
  return false
end

-- Closes a letter with what is in it; very many entries leave it in slices.
function left_out.close_letter(id, reason, discards)
  local many = left_out.entries_of(left_out.letter_key(id)) > slices.SLICE
  if not many then left_out.unlink_all(id, discards) end
  dead_letters.close(id, reason, many)
  if many then slices.add('letter:' .. id, {reason = reason}) end
end

return left_out
