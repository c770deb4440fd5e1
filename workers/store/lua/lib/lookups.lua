-- Shared: the GET that is next for keys whose items are not known: a filter for them, else a page of
-- a listing.
--! uses step listing_schedule filters

local request, now = step.request, step.now

-- The collection, the hash of what is being read, and the page of it.
local function next_read(open)
  for _, collection in ipairs(open) do
    local place = collection.name .. ':' .. collection.index
    local key = 'instep:index:' .. place
    local page = filters.page(collection, key, place)
    if page then return collection, key .. page.slot, page end
  end
  local collection, key, page = listing_schedule.next_page(open)
  if page then page.step = 'index' end
  return collection, key, page
end

local PAGES = 3  -- to a batch, of a listing of the whole

-- Whether batches have their turn. Of a long listing of the whole that keys wait for, the next page
-- lets more of them go than a batch, which by v2 carries as well what comes until after it.
local function is_turn_of_batch(collection, page, dest_key)
  local whole = page.step == 'index' and page.slot == '' and not page.since and page.offset > 0
  if not whole or collection.whole then return true end
  return redis.call('HINCRBY', dest_key, 'pages', 1) % PAGES == 0
end

-- Hands it out to the caller alone; *dest_key*: the hash of the destination.
local function hand_out(collection, key, page, dest_key)
  redis.call('HSET', key, 'lock', now + step.CLAIM_MS, 'holder', request.token)
  if is_turn_of_batch(collection, page, dest_key) then redis.call('HSET', dest_key, 'turn', 'batch') end
  page.collection = collection.name
  return step.answer(page, step.CLAIM_MS)
end

return {next_read = next_read, hand_out = hand_out}
