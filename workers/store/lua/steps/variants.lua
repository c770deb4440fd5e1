--! flags allow-oom
-- variants: one page of a listing of the variants of items, but for the primary ones. A variant that
-- was not known before gets what its item holds; the last page decides on who is not there.
-- ARGV[2]: {token, flight, destination, collection, index, locales, offset, entries: [[item id,
--   cmsLocaleId, state, lastUpdated]], next, total, failed, every_ms, page_ms, outside}
--   locales: of the collection, "all", a list of tags, or null; state: live, staged (never published)
--   or held (published, and a draft or archived since: what was known of it stands)
--   next: offset of the next page, or null; total: entries of the whole listing
--   failed: no page came; every_ms, page_ms: at least, between two listings and two pages
--   outside: it is a reconcile's own listing, and moves on none of the workers
-- Returns {found, done}.
-- Errors: none: a full store does this as well.
--! uses step items item_schedule creation locales

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end
redis.call('ZREM', 'instep:flight:' .. request.destination, request.flight)

local place = step.place
local key, known = 'instep:site:' .. place, 'instep:variants:' .. place
local late = request.outside or redis.call('HGET', key, 'holder') ~= request.flight
if not late then redis.call('HDEL', key, 'lock', 'holder') end
if request.failed then
  local times = math.min(redis.call('HINCRBY', key, 'unlisted', 1), 5)
  if not late then redis.call('HSET', key, 'lock', now + math.min(step.CLAIM_MS, 1000 * 2 ^ times)) end
  return step.answer({found = 0, done = false})
end
redis.call('HDEL', key, 'unlisted')

local site = locales.site_of(place)
local wanted = {}
for _, id in ipairs(locales.scope_ids(site, given(request.locales)) or {}) do wanted[id] = true end

local function record_of(id)
  return redis.call('HGET', 'instep:keys:' .. place, id) or id
end

local bare = redis.call('HGET', key, 'bare') == '1'

-- The others show what is held already, or are about to: the new one alone gets it.
local function write_to(item, locale, held)
  local gone = items.in_force(item)
  -- A request retires an item in all of its variants: it goes once more.
  if gone and (gone.state ~= 'pending' or items.live_claim(item)) then items.mark_repair(item, items.GONE, now) end
  if gone and held[locale] == 'live' then
    gone.live_variant = 1
    items.touch(item, items.GONE)
  end
  local claim, shown = items.live_claim(item), {}
  for id in pairs(wanted) do
    local has = held[id] or (id == site.primary and not bare)
    if id ~= locale and has then shown[#shown + 1] = id end
  end
  for slug, field in pairs(item.fields) do
    local stands = field.state == 'written' or field.state == 'unchanged'
    local sent = field.state == 'pending' and claim and claim.fields[slug]
    if (stands or sent) and not locales.tag_of(slug) and slug ~= items.GONE and not field.deleted_by then
      local again = field.repair_at ~= nil or sent
      items.mark_repair(item, slug, now)
      field.shown_in = nil
      if not again and #shown > 0 then field.shown_in = table.concat(shown, ',') end
    end
  end
end

-- What is dead because this variant was missing goes there now.
local function revive_in(item, locale)
  for slug in pairs(item.fields) do
    local tag = locales.tag_of(slug)
    if tag and site.ids[string.lower(tag)] == locale then creation.replay_value(item, slug, 'kind', 'missing') end
  end
end

-- An editor wrote it since our last answer, or since it was last listed.
-- varied of an item: when a variant of it, but for the primary one, was last seen to be edited
local function notice_edit(item, updated)
  if not updated or not item.meta.updated then return end
  if updated <= item.meta.updated or updated <= (item.meta.varied or '') then return end
  items.set(item, 'varied', updated)
  items.forget_confirmations(item)
end

local found = 0
local function meet(entry, held, is_new)
  local item = items.load(request.collection, record_of(entry[1]))
  if not next(item.meta) then return end
  notice_edit(item, given(entry[4]))
  if is_new and wanted[entry[2]] then write_to(item, entry[2], held) end
  if is_new then revive_in(item, entry[2]) end
  if items.is_altered(item) then
    found = found + (is_new and 1 or 0)
    if not item.meta.lane then items.set(item, 'due', now) end
    item_schedule.place(item)
    items.save(item)
  end
end

local function state_of(before, shown)
  if shown == 'held' then return before or 'live' end
  return shown
end

local function see(entry)
  local id, locale, shown = entry[1], entry[2], entry[3]
  local before = locales.parse_variants(redis.call('HGET', known, id) or '')
  local is_new = not before[locale]
  local state = state_of(before[locale], shown)
  if before[locale] ~= state then
    before[locale] = state
    redis.call('HSET', known, id, locales.variants_text(before))
  end
  if not late then
    local listed = locales.parse_variants(redis.call('HGET', known .. ':next', id) or '')
    listed[locale] = state
    redis.call('HSET', known .. ':next', id, locales.variants_text(listed))
  end
  if site then meet(entry, before, is_new) end
end

for _, entry in ipairs(request.entries) do see(entry) end
if late then return step.answer({found = found, done = false}) end

local total = tonumber(given(request.total))
local most = tonumber(redis.call('HGET', key, 'most'))
-- One that is deleted while pages are read moves others to a page that has been read.
if total and most and total < most then redis.call('HSET', key, 'shrank', 1) end
if total then redis.call('HSET', key, 'most', total) end
local pages = redis.call('HINCRBY', key, 'pages', 1)
redis.call('HSET', key, 'page_next', now + request.page_ms)
if given(request.next) then
  redis.call('HSET', key, 'offset', request.next)
  return step.answer({found = found, done = false})
end
local whole = redis.call('HGET', key, 'shrank') ~= '1'
if whole then
  redis.call('UNLINK', known)
  if redis.call('EXISTS', known .. ':next') == 1 then redis.call('RENAME', known .. ':next', known) end
  redis.call('HSET', key, 'began', redis.call('HGET', key, 'pass'))
  redis.call('HDEL', key, 'again', 'hurry', 'bare')
end
redis.call('UNLINK', known .. ':next')
redis.call('HSET', key, 'list_next', now + math.max(request.every_ms, pages * request.page_ms))
redis.call('HDEL', key, 'pass', 'offset', 'most', 'pages', 'shrank', 'page_next')
return step.answer({found = found, done = true})
