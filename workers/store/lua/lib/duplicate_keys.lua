-- Shared: which item is a record's. Where several items have one key it is the oldest, by createdOn
-- and then by id, whichever was met first: so the choice stands, and an index that is made anew
-- from the CMS makes the same.
--   instep:born:<place>    hash: item id → createdOn, as the CMS gives it
--   instep:twins:<place>   hash: id of an item whose key is that of an older item → the key
--   instep:listed:<place>  set: the ids that were met since the round began (listing_schedule.lua)
--! uses calls step items item_schedule resting_records item_ids life_entries search_marks

local request
calls.on_begin(function() request = step.request end)
local duplicate_keys = {}
local twins, how_many
calls.on_begin(function()
  duplicate_keys.changes = {}     -- {key, item id, what}
  duplicate_keys.duplicates = {}  -- {key, item id, id of the other}
  twins, how_many = nil, nil
end)
local TWINS = 1000  -- that are kept of one collection

local function load_twins(place)
  if twins then return end
  twins, how_many = {}, 0
  local flat = redis.call('HGETALL', 'instep:twins:' .. place)
  for i = 1, #flat, 2 do
    local id, record = flat[i], flat[i + 1]
    twins[record] = twins[record] or {}
    twins[record][id] = true
    how_many = how_many + 1
  end
end

local function add_twin(place, record, id, holder)
  load_twins(place)
  if twins[record] and twins[record][id] then return end
  if how_many >= TWINS then return end
  twins[record] = twins[record] or {}
  twins[record][id] = true
  how_many = how_many + 1
  redis.call('HSET', 'instep:twins:' .. place, id, record)
  duplicate_keys.duplicates[#duplicate_keys.duplicates + 1] = {record, holder, id}
  duplicate_keys.changes[#duplicate_keys.changes + 1] = {record, id, 'twin'}
end

function duplicate_keys.drop_twin(place, id)
  local record = redis.call('HGET', 'instep:twins:' .. place, id)
  if not record then return end
  load_twins(place)
  redis.call('HDEL', 'instep:twins:' .. place, id)
  if twins[record] then twins[record][id] = nil end
  how_many = how_many - 1
end

-- Of which one the time is not known, it is not the older: what is held stays.
local function is_older(place, one, other)
  local born = redis.call('HMGET', 'instep:born:' .. place, one, other)
  if not born[1] or not born[2] then return false end
  if born[1] == born[2] then return one < other end
  return born[1] < born[2]
end

-- The oldest of *holder* and the twins of *record*; without a holder, of the twins.
local function oldest(place, record, holder)
  load_twins(place)
  for id in pairs(twins[record] or {}) do
    if not holder or is_older(place, id, holder) then holder = id end
  end
  return holder
end

-- Once the item of *record* is not its own any more, the next one is; nil: none is known.
function duplicate_keys.promote_duplicate(place, record)
  local next_id = oldest(place, record)
  if next_id then
    duplicate_keys.drop_twin(place, next_id)
    item_ids.keep(place, record, next_id)
  end
  return next_id
end

-- The item is not the record's any more: it is gone, or has another key ('moved').
function duplicate_keys.remove_item(place, record, id, what)
  redis.call('HDEL', 'instep:keys:' .. place, id)
  if redis.call('HGET', 'instep:ids:' .. place, record) ~= id then return end
  redis.call('HDEL', 'instep:ids:' .. place, record)
  search_marks.note(request.collection, record)
  duplicate_keys.changes[#duplicate_keys.changes + 1] = {record, id, what}
  local next_id = duplicate_keys.promote_duplicate(place, record)
  local item = items.load(request.collection, record)
  if not next(item.meta) then return end
  items.forget_confirmations(item)
  items.set(item, 'updated', nil)
  -- A page that was read while others were deleted may have left it out, and of too many twins some
  -- are not known: a second listing of the whole is to say that there is none.
  if not next_id and (what == 'gone' or how_many >= TWINS) then items.set(item, 'forgotten', 1) end
  item_schedule.place(item)
  items.save(item)
  if not next_id then resting_records.rest(item) end
end

-- A listing of the whole does not show it.
function duplicate_keys.remove_gone(place, record, id)
  duplicate_keys.remove_item(place, record, id, 'gone')
  redis.call('HDEL', 'instep:born:' .. place, id)
  redis.call('HDEL', 'instep:status:' .. place, id)
end

-- A listing shows the item *id* without a key, or with *record*. Returns whose item it is, and
-- whether that has changed.
function duplicate_keys.choose_item(place, record, id, created)
  local was = redis.call('HGET', 'instep:keys:' .. place, id)
  if was and was ~= record then duplicate_keys.remove_item(place, was, id, 'moved') end
  local twin = redis.call('HGET', 'instep:twins:' .. place, id)
  if twin and twin ~= record then duplicate_keys.drop_twin(place, id) end
  if not record then
    redis.call('HDEL', 'instep:born:' .. place, id)
    return nil, false
  end
  if created then redis.call('HSET', 'instep:born:' .. place, id, created) end
  item_ids.note_listed(place, id)
  local holder = redis.call('HGET', 'instep:ids:' .. place, record)
  if not holder then
    duplicate_keys.drop_twin(place, id)
    holder = oldest(place, record, id)
    if holder ~= id then add_twin(place, record, id, holder) end
    duplicate_keys.drop_twin(place, holder)
    item_ids.keep(place, record, holder)
    return holder, false
  end
  if holder ~= id then add_twin(place, record, id, holder) end
  local chosen = oldest(place, record, holder)
  if holder ~= id and is_older(place, id, chosen) then chosen = id end  -- one too many to be kept
  if chosen == holder then return holder, false end
  duplicate_keys.drop_twin(place, chosen)
  item_ids.keep(place, record, chosen)
  add_twin(place, record, holder, chosen)
  return chosen, true
end

function duplicate_keys.note_changes()
  for _, change in ipairs(duplicate_keys.changes) do
    life_entries.note_edited({collection = request.collection, record = change[1]}, change[3], change[2])
  end
end

return duplicate_keys
