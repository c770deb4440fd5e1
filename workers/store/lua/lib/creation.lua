-- Shared by the steps: items that no listing shows and that are to be created, and requests of
-- which it is unknown whether they did.
--   make of an item: ms at which the listing began that did not show it; its next claim creates it
--   doubt: until this ms a request may land that creates it: of a listing that began before then
--     it counts what it shows, not what it does not
--   taken: the slug that the CMS would not give it, since an item has it
--   passed: the last slug made for it that another item is known to have: the next one is tried
--   partial: the letter of the event that it is known by, which could not be read whole
-- One claim per item at a time, and no other before the doubt is over: that is why none is made twice.
--! uses calls step life_entries life_requests undo_log items item_schedule dead_letters retirements writebacks

local now
calls.on_begin(function() now = step.now end)
local creation = {}
local MAKE_MS = 3600000  -- a listing older than this says no more that an item is not there

function creation.look_up_again(item)
  items.set(item, 'make', nil)
  items.set(item, 'lookup', 1)
  redis.call('ZADD', 'instep:lookup:' .. item.collection, 'NX', now, item.record)
end

-- A request that was to create the item had no answer: it may have, or still may until *till*.
function creation.doubt(item, slugs, till)
  -- What it held goes over the item once more, should there be one by now.
  for slug in pairs(slugs) do items.mark_repair(item, slug, now) end
  items.set(item, 'doubt', math.max(tonumber(item.meta.doubt) or 0, till))
  items.set(item, 'ours', 1)  -- whoever has the item of its key by then
  creation.look_up_again(item)
end

-- What the store lacks may have created it, too, or be about to (loss.lua).
function creation.doubted_till(item)
  local till = tonumber(item.meta.doubt)
  -- Further ahead than its own maximum: as with repair marks, it gets all of its time again.
  if till and till > now + step.SEND_MS + step.LATE_MS then
    till = now + step.SEND_MS + step.LATE_MS
    items.set(item, 'doubt', till)
  end
  local lost = step.loss_number and tonumber(redis.call('GET', 'instep:losses:at'))
  if lost and math.min(lost, now) + step.LATE_MS > (till or 0) then
    till = math.min(lost, now) + step.LATE_MS
    if till > now then items.set(item, 'doubt', till) end
  end
  return till
end

-- Which slug it got, where that is not the one made of its name, and which others have.
function creation.note_slug(item, named)
  if not named then return end
  life_entries.note_slug(item, named[1], named[2], item.meta.passed)
end

local UNTIL_MADE = {'make', 'doubt', 'taken', 'passed', 'roomless', 'asks', 'asked'}

-- The item has an id: nothing is to be created any more. *made*: a request of ours has made it; so has one
-- whose outcome was unknown, where it is found now.
function creation.finish(item, made)
  if made or item.meta.doubt then writebacks.note(item, 'created') end
  items.clear(item, UNTIL_MADE)
  if item.meta.lookup then item_schedule.end_lookup(item) end
end

function creation.is_to_be_created(item)
  local at = not items.in_force(item) and tonumber(item.meta.make)
  if not at or at > now or now - at > MAKE_MS then return false end
  local till = creation.doubted_till(item)
  return not (till and at < till)
end

local SENT = {pending = true, written = true, unchanged = true}

function creation.goes_into_new(field)
  return not field.deleted_by and (SENT[field.state] or (field.create_only and field.state == 'ignored'))
end

function creation.held_text(item, slug)
  local field = item.fields[slug]
  return field and creation.goes_into_new(field) and field.value or nil
end

-- What holds the name of an item that is to be created, be it in its primary locale alone.
local function named_in(item)
  local name = creation.held_text(item, 'name')
  for slug in pairs(item.fields) do
    if string.sub(slug, 1, 5) == 'name@' then name = name or creation.held_text(item, slug) end
  end
  return name
end

-- The CMS takes no item without a name, and none is made of an event of which something was left
-- out: what is held becomes a letter, until an event gives what is missing.
function creation.refuse_incomplete(item)
  local name, why = named_in(item), nil
  if item.meta.partial then
    why = ', and none is created of an event that could not be read whole: see the dead letter '
      .. item.meta.partial
  elseif not name or name == 'null' or name == '""' then
    why = ', and none can be created: no event has given it a name'
  else
    return false
  end
  dead_letters.add(item, items.unsent_slugs(item), {kind = 'missing', message = 'no item has the key ' .. item.record .. why, absent = true}, nil)
  return true
end

-- A value that is in a letter goes out again. *name*, *value*: of the letters that are meant.
function creation.replay_value(item, slug, name, value)
  local field = item.fields[slug]
  if field.state ~= 'dead' or redis.call('HGET', 'instep:letter:' .. field.letter, name) ~= value then return end
  local letter = field.letter
  items.wait_again(item, slug)
  dead_letters.remove_value(field, slug, 'replayed')
  life_entries.note_letter(item, 'again', letter, name == 'kind' and value or 'missing', {slug})
end

-- What died because there was no item goes with the rest, now that there is to be one.
function creation.replay_values(item, name, value)
  for slug in pairs(item.fields) do creation.replay_value(item, slug, name, value) end
end

-- A claim that ran out may have sent its request at the last moment.
function creation.expire_claim(item)
  local claim = items.claim_of(item)
  if not claim then return end
  life_requests.note_unanswered(item, claim)
  undo_log.note_unsure(item, claim)
  local till = claim.at + step.SEND_MS + step.LATE_MS
  if claim.kind == 'create' then
    creation.doubt(item, claim.fields, till)
  elseif claim.kind == 'update' then
    for slug in pairs(claim.fields) do items.mark_repair(item, slug, till) end
  else
    retirements.doubt(item, till)
  end
  items.set(item, 'claim', nil)
end

return creation
