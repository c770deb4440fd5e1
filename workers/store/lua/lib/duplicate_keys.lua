-- Shared: which item is a record's. Where several items have one key it is the oldest, by createdOn
-- and then by id, whichever was met first: so the choice stands, and an index that is made anew
-- from the CMS makes the same.
--   instep:born:<place>    hash: item id → createdOn, as the CMS tells it
--   instep:twins:<place>   hash: id of an item whose key is that of an older item → the key
--   instep:listed:<place>  set: the ids that were met since the round began (listing_schedule.lua)

local TWINS = 1000  -- that are kept of one collection

local noticed, doubled = {}, {}  -- {key, item id, what}; {key, item id, id of the other}
local twins, how_many

local function load_twins(place)
  if twins then return end
  twins, how_many = {}, 0
  local flat = redis.call('HGETALL', P .. 'twins:' .. place)
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
  redis.call('HSET', P .. 'twins:' .. place, id, record)
  doubled[#doubled + 1] = {record, holder, id}
  noticed[#noticed + 1] = {record, id, 'twin'}
end

local function drop_twin(place, id)
  local record = redis.call('HGET', P .. 'twins:' .. place, id)
  if not record then return end
  load_twins(place)
  redis.call('HDEL', P .. 'twins:' .. place, id)
  if twins[record] then twins[record][id] = nil end
  how_many = how_many - 1
end

-- Of which one the time is not known, it is not the older: what is held stays.
local function is_older(place, one, other)
  local born = redis.call('HMGET', P .. 'born:' .. place, one, other)
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
local function take_heir(place, record)
  local heir = oldest(place, record)
  if heir then
    drop_twin(place, heir)
    keep_id(place, record, heir)
  end
  return heir
end

-- The item is not the record's any more: it is gone, or has another key ('moved').
local function lose(place, record, id, what)
  redis.call('HDEL', P .. 'keys:' .. place, id)
  if redis.call('HGET', P .. 'ids:' .. place, record) ~= id then return end
  redis.call('HDEL', P .. 'ids:' .. place, record)
  noticed[#noticed + 1] = {record, id, what}
  local heir = take_heir(place, record)
  local item = load_item(request.collection, record)
  if not next(item.meta) then return end
  forget_confirmations(item)
  set(item, 'updated', nil)
  -- A page that was read while others were deleted may have left it out, and of too many twins some
  -- are not known: a second listing of the whole is to say that there is none.
  if not heir and (what == 'gone' or how_many >= TWINS) then set(item, 'forgotten', 1) end
  schedule(item)
  save(item)
  if not heir then rest_without_item(item) end
end

-- A listing shows the item *id* without a key, or with *record*. Returns whose item it is, and
-- whether that has changed.
local function show(place, record, id, created)
  local was = redis.call('HGET', P .. 'keys:' .. place, id)
  if was and was ~= record then lose(place, was, id, 'moved') end
  local twin = redis.call('HGET', P .. 'twins:' .. place, id)
  if twin and twin ~= record then drop_twin(place, id) end
  if not record then
    redis.call('HDEL', P .. 'born:' .. place, id)
    return nil, false
  end
  if created then redis.call('HSET', P .. 'born:' .. place, id, created) end
  note_listed(place, id)
  local holder = redis.call('HGET', P .. 'ids:' .. place, record)
  if not holder then
    drop_twin(place, id)
    holder = oldest(place, record, id)
    if holder ~= id then add_twin(place, record, id, holder) end
    drop_twin(place, holder)
    keep_id(place, record, holder)
    return holder, false
  end
  if holder ~= id then add_twin(place, record, id, holder) end
  local chosen = oldest(place, record, holder)
  if holder ~= id and is_older(place, id, chosen) then chosen = id end  -- one too many to be kept
  if chosen == holder then return holder, false end
  drop_twin(place, chosen)
  keep_id(place, record, chosen)
  add_twin(place, record, holder, chosen)
  return chosen, true
end

local function note_noticed()
  if #noticed == 0 then return end
  note('noticed', {collection = request.collection, items = noticed}, 'items')
end
