-- Shared: when the locales, and the pages of a listing of variants, are to be read (locales.lua).
--! uses calls step locales listing_schedule variant_choice

local request, now
calls.on_begin(function() request, now = step.request, step.now end)

-- From when on the next page of the listing of variants is to be read; nil: none is.
local function variants_at(held)
  if not held.pass and held.again ~= '1' then return nil end
  local at = math.max(now, step.sane(held.lock, step.CLAIM_MS) or now)
  if not held.pass then return math.max(at, step.sane(held.list_next, locales.VARIANTS_MS) or now) end
  return held.hurry and at or math.max(at, step.sane(held.page_next, listing_schedule.RESTS_MS) or now)
end

local function listing_of(key)
  return listing_schedule.read_hash(key, 'pass', 'offset', 'lock', 'again', 'hurry', 'list_next', 'page_next')
end

-- The same of a collection whose items are written in more than the primary locale.
local function variants_due(collection)
  if not collection.locales then return nil end
  local place = collection.name .. ':' .. collection.index
  local key = 'instep:site:' .. place
  local at = variants_at(listing_of(key))
  local site = at and locales.site_of(place)
  if at and not site then return math.max(now, step.sane(redis.call('HGET', key, 'next'), locales.UNREAD_MS) or now) end
  return site and #site.all > 1 and at or nil
end

-- That page; it begins what was asked for.
local function variants_page(collection, key, place)
  local held, site = listing_of(key), locales.site_of(place)
  local at = site and #site.all > 1 and variants_at(held)
  if not at or at > now then
    if at then listing_schedule.note_due(at) end
    return nil
  end
  if not held.pass then
    redis.call('HDEL', key, 'most', 'pages', 'shrank')
    redis.call('HSET', key, 'pass', now, 'offset', 0)
    redis.call('UNLINK', 'instep:variants:' .. place .. ':next')
  end
  redis.call('HSET', key, 'lock', now + step.CLAIM_MS, 'holder', request.token)
  local others = {unpack(site.all, 2)}
  return {step = 'variants', at = now, offset = tonumber(held.pass and held.offset or 0),
    locales = table.concat(others, ',')}
end

-- What is to be read before items of these collections can be sent: the locales, or a page of the
-- variants. *asked*: what an item waits for; else what none does.
local function locale_step(open, asked)
  for _, collection in ipairs(open) do
    local want = variant_choice.wanted[collection.name]
    local place = collection.name .. ':' .. collection.index
    local key, page = 'instep:site:' .. place, nil
    local unread = not asked and not want and collection.locales and redis.call('HEXISTS', key, 'again') == 1
      and redis.call('HEXISTS', key, 'locales') == 0 and variants_due(collection)
    if unread and unread > now then listing_schedule.note_due(unread) end
    if (asked and want == 'site') or (unread and unread <= now) then
      redis.call('HSET', key, 'next', now + step.CLAIM_MS)
      page = {step = 'site', at = now}
    elseif asked == (want == 'variants') and (want or collection.locales) then
      page = variants_page(collection, key, place)
    end
    if page then return collection, page end
  end
end

return {variants_due = variants_due, locale_step = locale_step}
