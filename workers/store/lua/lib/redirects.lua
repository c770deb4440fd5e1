-- Shared, of settle: the slugs that items had before the CMS took another one; each link to one of them
-- is broken. Where an old slug leads is read from its record, so that chains are short.
-- written_slug of an item: the slug that was written last
--   instep:redirects:<collection>     hash: old slug → JSON [record, ms]; the newest MOST
--   instep:redirects-at:<collection>  sorted set: the same slugs by the ms of their change
--! uses step items

local redirects = {}
local MOST = 10000

local function text_of(json)
  local text = json and cjson.decode(json)
  return type(text) == 'string' and text ~= '' and text or nil
end

-- The slug that a listing showed last; it may be older than what was written since.
-- The row is that of workers/store/search_row.py, which cuts texts at 100 characters.
local function listed_slug(item)
  local row = redis.call('HGET', 'instep:search-rows:' .. step.place, item.record)
  local slug = row and cjson.decode(row)[5]
  return slug and slug ~= '' and #slug < 100 and slug or nil
end

local function keep(item, slug)
  local hash, by_time = 'instep:redirects:' .. item.collection, 'instep:redirects-at:' .. item.collection
  redis.call('HSET', hash, slug, cjson.encode({item.record, step.now}))
  redis.call('ZADD', by_time, step.now, slug)
  if redis.call('ZCARD', by_time) > MOST then redis.call('HDEL', hash, redis.call('ZPOPMIN', by_time)[1]) end
end

-- The slug of *field* was written, and what the CMS held before is still known. *made*: the item is new.
function redirects.note(item, field, made)
  local slug = text_of(field.value)
  if not slug then return end
  local earlier = {text_of(field.before), item.meta.written_slug}
  if not made and not next(earlier) then earlier[1] = listed_slug(item) end
  items.set(item, 'written_slug', slug)
  -- Its page is there now, be it that of this item again or of another one.
  redis.call('HDEL', 'instep:redirects:' .. item.collection, slug)
  redis.call('ZREM', 'instep:redirects-at:' .. item.collection, slug)
  if made then return end
  for i = 1, 2 do
    if earlier[i] and earlier[i] ~= slug then keep(item, earlier[i]) end
  end
end

return redirects
