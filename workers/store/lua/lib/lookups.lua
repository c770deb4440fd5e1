-- Shared, of claim: the GETs that items wait for: a filter for keys whose items are not known, or a page
-- of a listing; the locales, or the variants; a schema; the number of items. Each is handed out to the caller alone.
--! uses calls step listing_schedule filters lanes variant_pages requests batch claim_slots item_totals

local request, now, dest_key
calls.on_begin(function() request, now, dest_key = step.request, step.now, step.destination_key end)
local lookups = {}
local PAGES = 3  -- to a batch, of a listing of the whole

local function hand_out(collection, page)
  page.collection = collection.name
  return step.answer(page, step.CLAIM_MS)
end

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

-- Whether batches have their turn. Of a long listing of the whole that keys wait for, the next page
-- lets more of them go than a batch, which by v2 carries as well what comes until after it.
local function is_turn_of_batch(collection, page)
  local whole = page.step == 'index' and page.slot == '' and not page.since and page.offset > 0
  if not whole or collection.whole then return true end
  return redis.call('HINCRBY', dest_key, 'pages', 1) % PAGES == 0
end

-- Held retirements wait for the number of items.
local function read_total(lane)
  local collection = item_totals.take_wanted(batch.open)
  if not collection then return nil end
  claim_slots.take_for_read(lane)
  redis.call('HSET', dest_key, 'turn', 'batch')
  return hand_out(collection, {step = 'total', at = now})
end

function lookups.read_keys(lane)
  if batch.blind then return nil end  -- a GET has just failed
  local total = read_total(lane)
  if total then return total end
  local collection, key, page = next_read(lanes.listed_in(lane, batch.open))
  if not collection then return nil end
  if page.step == 'filter' then claim_slots.take_for_read(lane) else claim_slots.take(lane) end
  redis.call('HSET', key, 'lock', now + step.CLAIM_MS, 'holder', request.token)
  if is_turn_of_batch(collection, page) then redis.call('HSET', dest_key, 'turn', 'batch') end
  return hand_out(collection, page)
end

-- *asked*: what items wait for; else what none does.
function lookups.read_locales(lane, asked)
  if batch.blind then return nil end
  local collection, page = variant_pages.locale_step(batch.open, asked)
  if not collection then return nil end
  batch.put_back_picked()
  claim_slots.take(lane)
  redis.call('HSET', dest_key, 'turn', 'batch')
  return hand_out(collection, page)
end

function lookups.read_schema(lane)
  local missing = requests.schema.missing
  if not missing then return nil end
  batch.put_back_picked()
  claim_slots.take_for_read(lane)
  redis.call('HSET', 'instep:index:' .. missing.name .. ':' .. missing.index, 'schema_next', now + 30000)
  return hand_out(missing, {step = 'schema', at = now, needed = requests.schema.needed,
    arrival = tonumber(redis.call('GET', 'instep:arrival') or 0)})
end

return lookups
