--! flags allow-oom
-- merge: what is held under a key that is not in its normal form becomes the business of the record
-- of that form, by version and arrival number; and references that name such a key name the normal one.
-- ARGV[2]: {token, collection, from, to, texts: {text: text}, look}
--   from = to: the key is normal, and only the rest is done
--   texts: values that refer to items, as they stand and as they are to stand
--   look: that a listing did not show its item was said by keys that were not normal
-- Returns {done, till, fields, overtaken}; not done: it is in a claim until *till*.
-- Errors: none: a full store does this as well.
--! uses step life_bounds life_entries items item_schedule dead_letters retirements creation references
--! uses left_out held_retirements unpublished writebacks writeback_moves

local request, now = step.request, step.now

local earlier = step.earlier_answer()
if earlier then return earlier end

local from = items.load(request.collection, request.from)
local renamed = request.from ~= request.to
local claim = renamed and items.live_claim(from)
if claim then return step.answer({done = false, till = claim.till, fields = 0, overtaken = 0}) end

local function rename_in_letter(field, slug)
  local key = 'instep:letter:' .. field.letter
  local entry = cjson.decode(redis.call('HGET', key, 'f:' .. slug))
  entry.value = field.value
  redis.call('HSET', key, 'f:' .. slug, cjson.encode(entry))
  return redis.call('HGET', key, 'refers')
end

-- Values that refer to items by keys name them by the normal ones; what is dead because one was missing
-- is looked up again.
local function renew_references(item)
  local sought = {}
  for slug, field in pairs(item.fields) do
    local text = references.REFERS[field.type] and request.texts[field.value]
    if text then
      local certain = field.confirmed and field.confirmed == references.confirmation(field.value, field.link)
      field.value = text
      field.confirmed = certain and references.confirmation(text, field.link) or nil
      if field.letter then sought[rename_in_letter(field, slug) or ''] = true end
      if field.blocked_since then items.set(item, 'woken', 1) end
      items.touch(item, slug)
    end
  end
  for name in pairs(sought) do
    if name ~= '' then creation.replay_values(item, 'refers', name) end
  end
end

local function is_newer(one, other)
  if one.version ~= other.version then return one.version > other.version end
  return one.arrival > other.arrival
end

-- A retirement that was undone has the arrival number of that, and is older than what undid it.
local function stands_before(slug, one, other)
  if slug == items.GONE and one.version == other.version and (one.undone or other.undone) then return not one.undone end
  return is_newer(one, other)
end

local function both_events(one, other)
  if one.version ~= other.version or not other.events then return one.events end
  return one.events and other.events .. ' ' .. one.events or other.events
end

-- Flags that the CMS may show because of either retirement.
local function both_flags(flags, others)
  if not flags then return others end
  for flag, arrival in pairs(others or {}) do flags[flag] = flags[flag] or arrival end
  return flags
end

local fields, superseded = 0, 0
local function count_overtaken(item, slug)
  local state = item.fields[slug].state
  if state == 'pending' or state == 'dead' then superseded = superseded + 1 end
  dead_letters.supersede(item, slug)
end

-- Of two values of a field the newer one stands; a request that carried the other may still land.
local function take(item, slug, field)
  local held = item.fields[slug]
  fields = fields + 1
  if held and not stands_before(slug, field, held) then
    count_overtaken(from, slug)
    if field.repair_at then held.repair_at = math.max(held.repair_at or 0, field.repair_at) end
    held.events = both_events(held, field)
  else
    if held then
      count_overtaken(item, slug)
      if held.repair_at then field.repair_at = math.max(field.repair_at or 0, held.repair_at) end
      field.events = both_events(field, held)
    end
    if slug == items.GONE and held then
      field.flags, field.was_live = both_flags(field.flags, held.flags), field.was_live or held.was_live
    end
    if field.letter then redis.call('HSET', 'instep:letter:' .. field.letter, 'record', item.record) end
    item.fields[slug] = field
  end
  items.touch(item, slug)
end

-- A retirement and what is newer, or older, than it: as if they had come in that order.
local function settle_retirements(item)
  local gone = items.in_force(item)
  if not gone then return end
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and field.state ~= 'superseded' and is_newer(field, gone) then return retirements.undo_retirement(item) end
  end
  if gone.value ~= '"keep"' then retirements.overrule_fields(item, gone) end
end

-- Two records were written to two items, or to one by turns: all that stands is written once more.
local function write_again(item)
  for slug, field in pairs(item.fields) do
    local stands = field.state == 'written' or field.state == 'unchanged'
    if stands and not field.undone and not field.deleted_by and field.value ~= '"keep"' then
      items.mark_repair(item, slug, now)
    end
  end
end

local function merge_meta(item, is_new)
  for _, name in ipairs({'hold', 'doubt'}) do
    local till = math.max(tonumber(item.meta[name]) or 0, tonumber(from.meta[name]) or 0)
    if till > 0 then items.set(item, name, till) end
  end
  for _, name in ipairs({'severed', 'forgotten'}) do items.set(item, name, item.meta[name] or from.meta[name]) end
  if is_new then
    for _, name in ipairs({'copy', 'staged', 'answered'}) do items.set(item, name, from.meta[name]) end
    items.set(item, 'shown', from.record)
  end
  items.set(item, 'by', 'key')
  items.clear(item, {'attempts', 'failed', 'refused', 'limit', 'epoch', 'taken', 'passed'})
  items.set(item, 'due', now)
  for _, field in pairs(item.fields) do
    if field.blocked_since then items.set(item, 'woken', 1) end
  end
end

-- What is to be told of *from* is told of *record*.
local function move_writebacks(record)
  for _, name in ipairs(redis.call('SMEMBERS', 'instep:writebacks')) do
    if redis.call('HGET', writebacks.target(name), 'collection') == from.collection then
      writeback_moves.move(name, from.record, name, record)
    end
  end
end

local function merge()
  local item = items.load(request.collection, request.to)
  local is_new = not next(item.meta) and not next(item.fields)
  creation.expire_claim(from)
  -- Its item was looked up by a key that is not used any more.
  creation.replay_values(from, 'kind', 'missing')
  for slug, field in pairs(from.fields) do take(item, slug, field) end
  settle_retirements(item)
  held_retirements.move(from, item)
  unpublished.move(from.collection, from.record, item.record)
  move_writebacks(item.record)
  held_retirements.end_overtaken(item)
  items.forget_confirmations(item)
  if not is_new then write_again(item) end
  merge_meta(item, is_new)
  left_out.remove_overtaken(item)
  item_schedule.remove(from)
  redis.call('DEL', from.key)
  items.note_gone(from)
  item.renamed = true
  local name = from.collection .. ':'
  local since = redis.call('ZSCORE', 'instep:tombstones', name .. from.record)
  if since then
    redis.call('ZREM', 'instep:tombstones', name .. from.record)
    if items.in_force(item) then redis.call('ZADD', 'instep:tombstones', 'NX', since, name .. item.record) end
  end
  life_bounds.merge(from.collection, from.record, item.record)
  life_entries.note_merged(item, from.record, fields, superseded)
  return item, is_new
end

renew_references(from)
local item, is_new = from, true
if renamed and (next(from.meta) or next(from.fields)) then item, is_new = merge() end
if (request.look or renamed) and item.meta.make then creation.look_up_again(item) end
item_schedule.place(item)
items.save(item)
return step.answer({done = true, fields = fields, overtaken = superseded, collided = not is_new})
