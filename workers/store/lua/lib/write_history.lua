-- Shared by the steps: what the CMS is known to have held of a field, so that a write of ours that
-- comes back as an event of the CMS is not taken for an edit.
--
-- history of a field: up to KEPT entries "<arrival>,<mark>,<version>", oldest first.
--   arrival: of the value that we sent; 0: the value came by an event
--   mark: of what the CMS held   version: of its lastUpdated then; '': sent, and not answered
-- Whether the lastUpdated of an event is to the ms that of the answer to the PATCH, is not
-- documented. So values decide wherever they can; where only the time could, what is not later
-- than our write is taken for ours: the other way about, an echo would be written, and come back.
--! uses step items creation locales life_entries

local given = step.given
local write_history = {}
local KEPT = 4

-- One mark for what is equal in the CMS: 31 and 31.0; null, an empty text, an empty list and false.
function write_history.mark_of(text, kind)
  if text == '""' or text == '[]' or text == 'false' then text = 'null' end
  local number = tonumber(text)
  if not number and kind == 'number' then number = tonumber(string.match(text, '^"(.*)"$') or '') end
  if number then text = string.format('%.17g', number + 0) end  -- no -0
  return string.sub(redis.sha1hex(text), 1, 12)
end

-- The mark of all values that the CMS may keep in the form of this one.
function write_history.akin_mark(field)
  return field.form_mark or write_history.mark_of(field.value, field.type)
end

local function known_of(field)
  local known = {}
  for arrival, mark, at in string.gmatch(field.history or '', '(%d+),(%x*),(%w*)') do
    known[#known + 1] = {arrival = tonumber(arrival), mark = mark, at = at ~= '' and at or nil}
  end
  return known
end

-- Text is joined and cut, not taken apart: this is done for every field of every batch.
function write_history.add_known(field, arrival, mark, at)
  local entry = string.format('%d,%s,%s', arrival, mark, at or '')
  local kept = field.history and field.history .. ' ' .. entry or entry
  local _, parted = string.gsub(kept, ' ', ' ')
  field.history = parted < KEPT and kept or string.match(kept, ' (.*)')
end

-- A value is about to be sent. Sent again it takes no other place, but where the first request may
-- still land: its echo may come after the answer to the second.
function write_history.note_sent(field)
  field.cms_form = nil  -- the CMS makes another form of it: with other pictures, if it has any
  local last = field.history and string.sub(field.history, -1) == ',' and string.match(field.history, '(%d+),%x*,$')
  if last and tonumber(last) == field.arrival
      and (not field.repair_at or string.find(field.history, '%f[%d]' .. last .. ',%x*, ' .. last .. ',%x*,$')) then
    return
  end
  write_history.add_known(field, field.arrival, write_history.mark_of(field.value, field.type))
end

-- The CMS has answered: what was sent stands since *at*, or *seen* in its place.
function write_history.note_answer(field, arrival, at, seen)
  local known, entry = ' ' .. (field.history or '') .. ' ', string.format(' %d,', arrival)
  local first, last = string.find(known, entry, 1, true)
  while first do
    local mark = string.match(known, '^(%x*), ', last + 1)
    if mark then
      local rest = string.sub(known, last + #mark + 2, -2)
      if seen then mark = write_history.mark_of(seen, field.type) end
      field.history = string.sub(known, 2, last) .. mark .. ',' .. at .. rest
      return
    end
    first, last = string.find(known, entry, last, true)
  end
end

-- It was not sent after all: what note_sent has added goes. A request before, whose outcome is unknown,
-- has an entry of its own.
function write_history.forget_sent(field, arrival)
  local kept, sent, found = {}, string.format('%d', arrival), nil
  for entry in string.gmatch(field.history or '', '%S+') do
    kept[#kept + 1] = entry
    if string.match(entry, '^(%d+),%x*,$') == sent then found = #kept end
  end
  if not found then return end
  table.remove(kept, found)
  field.history = kept[1] and table.concat(kept, ' ')
end

-- An event of the CMS gave a value that is not ours.
function write_history.note_edit(field, value, seen, at)
  write_history.add_known(field, 0, write_history.mark_of(seen or value, field.type), at)
end

-- The version of the last write of ours that was answered.
local function last_answer(known)
  for i = #known, 1, -1 do
    if known[i].arrival > 0 and known[i].at then return known[i].at end
  end
end

local function first_answer(known)
  for _, one in ipairs(known) do
    if one.arrival > 0 and one.at then return one.at end
  end
end

local function in_flight(item, slug)
  local claim = items.live_claim(item)
  return claim and claim.fields[slug] ~= nil or item.fields[slug].repair_at ~= nil
end

-- What stood at *at*, as far as is known.
local function known_at(known, at)
  local best
  for _, one in ipairs(known) do
    if one.at and one.at <= at and (not best or one.at >= best.at) then best = one end
  end
  return best
end

-- The write of ours that an event of *at* shows: later than it, or not answered yet. What we sent
-- before a write that was answered by then is not there any more: who shows it has put it back; but
-- for a request of unknown outcome, which may land after that, until its repair has.
-- *seen*: of a type that reads back in other words than were sent. Only the time decides.
local function write_shown(item, slug, known, mark, seen, at)
  local doubted = item.fields[slug].repair_at ~= nil
  local last, gone_over = last_answer(known), false
  for i = #known, 1, -1 do
    local one = known[i]
    if one.arrival > 0 then
      if one.at and (one.at < at or (one.at == at and not seen)) then gone_over = true end
      local late = not one.at and (doubted or (last and at <= last))
      if not gone_over or late then
        if seen and (one.at or in_flight(item, slug)) then return one end
        if not seen and one.mark == mark then return one end
      end
    end
  end
end

-- Whether an event shows a value of ours in a form of the CMS: what is akin to it; and where a
-- listing has shown the form, that alone.
local function is_form(held, value, kind, form, mark)
  if (form or write_history.mark_of(value, kind)) ~= write_history.akin_mark(held) then return false end
  return not held.cms_form or string.match(held.cms_form, '^%x+') == mark
end

-- The fate of a value of a CMS event that is no news; nil: it is an edit.
function write_history.known_fate(item, slug, value, kind, seen, at, form)
  local held = item.fields[slug]
  if not held then
    -- An event has the whole item, also where only our write to another field moved its time.
    local ours = items.live_claim(item) or (item.meta.answered and at <= item.meta.answered)
    return ours and 'unchanged' or nil
  end
  if write_history.mark_of(value, kind) == write_history.mark_of(held.value, held.type) then return 'unchanged' end
  local known, mark = known_of(held), write_history.mark_of(seen or value, kind)
  if is_form(held, value, kind, form, mark) then return 'unchanged' end
  local one = known_at(known, at)
  if not one or one.mark ~= mark then
    one = write_shown(item, slug, known, mark, seen, at)
  end
  if one then return one.arrival == held.arrival and 'unchanged' or 'stale' end
  -- Writes before those that are kept: ours have gone over whatever it was.
  local first = #known == KEPT and first_answer(known)
  if first and at < first then return 'stale' end
end

-- It was edited: the CMS no longer holds what we wrote.
function write_history.doubt_value(item, slug, at)
  local held = item.fields[slug]
  if not held or not held.confirmed then return end
  local last = last_answer(known_of(held))
  if last and at <= last then return end
  held.confirmed = nil
  items.touch(item, slug)
end

-- Whether that an item was deleted, or unpublished, is what we have done, or are about to do.
local function is_ours(item, deleted)
  local gone, claim = items.in_force(item), items.live_claim(item)
  if not gone or gone.value == '"archive"' or gone.value == '"keep"' then return false end
  if not deleted then return true end
  return (claim ~= nil and claim.kind == 'delete') or (gone.value == '"delete"' and gone.state == 'written')
end

-- The CMS says that an item was deleted or unpublished: what was confirmed of it no longer holds,
-- and what is on its way there may come before or after.
function write_history.record_gone(gone)
  local place = gone.collection .. ':' .. gone.index
  local ids, keys = 'instep:ids:' .. place, 'instep:keys:' .. place
  local record = redis.call('HGET', keys, gone.id)
  if given(gone.locale) and locales.is_elsewhere(place, gone.locale, '') then
    -- One variant of it: the item is still there.
    locales.note_variants(place, gone.id, {[gone.locale] = gone.deleted and 'gone' or 'staged'})
    return items.forget_confirmations(items.of({collection = gone.collection, record = record or gone.id}))
  end
  if gone.deleted then
    for _, name in ipairs({'twins:', 'born:'}) do redis.call('HDEL', 'instep:' .. name .. place, gone.id) end
  end
  local item = items.of({collection = gone.collection, record = record or gone.id})
  if is_ours(item, gone.deleted) then return end  -- its answer tells
  redis.call('HDEL', 'instep:status:' .. place, gone.id)
  if record and gone.deleted then
    redis.call('HDEL', ids, record)
    redis.call('HDEL', keys, gone.id)
    -- Its key may be that of an older item now: only a listing of the whole shows that.
    redis.call('HSET', 'instep:index:' .. place, 'full', 1)
  end
  if not next(item.meta) then return end
  life_entries.note_edited(item, gone.deleted and 'deleted' or 'unpublished', nil)
  creation.expire_claim(item)
  items.forget_confirmations(item)
  if not gone.deleted then return end
  if record then items.set(item, 'forgotten', 1) end
  item.lost = true  -- resting_records.lua, once it is saved
  for slug, field in pairs(item.fields) do
    field.history = nil
    items.touch(item, slug)
  end
end

return write_history
