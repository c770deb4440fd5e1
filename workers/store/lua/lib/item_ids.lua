-- The ids of items by their keys, and what has got one.

-- A round must not take for gone what was met or made since it began.
local function note_listed(place, id)
  local listed = 'instep:listed:' .. place
  if redis.call('EXISTS', listed) == 1 then redis.call('SADD', listed, id) end
end

-- Where the ids have gone, the mark (listing_schedule.lua) says nothing of what there is; nor do those that
-- are met from then on, until the whole has been listed.
local function is_index_known(mark, place)
  return mark and redis.call('EXISTS', 'instep:ids:' .. place) == 1 or false
end

local function lose_mark(place)
  redis.call('HDEL', 'instep:index:' .. place, 'mark', 'plain')
end

local arrived = {}  -- {collection, key} of what has got an id

local function has_arrived() return #arrived > 0 end

-- What has got an id since this was asked last (references.lua).
local function take_arrived()
  local taken = arrived
  arrived = {}
  return taken
end

local function keep(place, record, id)
  local ids, keys = 'instep:ids:' .. place, 'instep:keys:' .. place
  note_listed(place, id)
  local before = redis.call('HGET', ids, record)
  if before == id then return before end
  if redis.call('EXISTS', ids) == 0 then lose_mark(place) end
  redis.call('HSET', ids, record, id)
  arrived[#arrived + 1] = {string.match(place, '^(.*):'), record}
  if before and redis.call('HGET', keys, before) == record then redis.call('HDEL', keys, before) end
  redis.call('HSET', keys, id, record)
  return before
end

return {
  note_listed = note_listed, is_index_known = is_index_known, has_arrived = has_arrived,
  take_arrived = take_arrived, keep = keep,
}
