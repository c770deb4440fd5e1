-- The ids of items by their keys, and what has got one.
--! uses calls search_marks

local item_ids = {}

-- A round must not take for gone what was met or made since it began.
function item_ids.note_listed(place, id)
  local listed = 'instep:listed:' .. place
  if redis.call('EXISTS', listed) == 1 then redis.call('SADD', listed, id) end
end

-- Where the ids have gone, the mark (listing_schedule.lua) says nothing of what there is; nor do those that
-- are met from then on, until the whole has been listed.
function item_ids.is_index_known(mark, place)
  return mark and redis.call('EXISTS', 'instep:ids:' .. place) == 1 or false
end

local function lose_mark(place)
  redis.call('HDEL', 'instep:index:' .. place, 'mark', 'plain')
end

local arrived  -- {collection, key} of what has got an id
calls.on_begin(function() arrived = {} end)

function item_ids.has_arrived() return #arrived > 0 end

-- What has got an id since this was asked last (references.lua).
function item_ids.take_arrived()
  local taken = arrived
  arrived = {}
  return taken
end

function item_ids.keep(place, record, id)
  local ids, keys = 'instep:ids:' .. place, 'instep:keys:' .. place
  item_ids.note_listed(place, id)
  local before = redis.call('HGET', ids, record)
  if before == id then return before end
  if redis.call('EXISTS', ids) == 0 then lose_mark(place) end
  redis.call('HSET', ids, record, id)
  local collection = string.match(place, '^(.*):')
  arrived[#arrived + 1] = {collection, record}
  search_marks.note(collection, record)
  if before and redis.call('HGET', keys, before) == record then redis.call('HDEL', keys, before) end
  redis.call('HSET', keys, id, record)
  return before
end

return item_ids
