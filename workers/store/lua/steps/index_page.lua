--! flags allow-oom
-- index_page: one page of a listing, or of an answer to a filter. Known ids go into the index, those that
-- wait for them become due; the last page decides on who is missing: a letter, ignored, or to be
-- created.
-- ARGV[2]: {token, flight, destination, collection, index, missing, whole, every_ms, full_ms,
--   page_ms, rest_ms, slot, offset, at, items: [{key, id, updated, created, status}], next, total, short,
--   odd, numeric, filter, undo}
--   key: null where it has none; status: item_status.lua
--   values of an item: slug → {text, type}: before_values.lua; undo: they are kept
--   offset: of this page; at: ms of the CMS's own clock; next: offset of the next page, or null
--   total: items of the whole listing; short: it ended before it had shown so many
--   failed: true when no page came: the lock stays for a while
--   odd: an item of it has its key in another form than the normal one; numeric: as a number
--   filter: what it was an answer to (filter_answers.lua); its items are those that were asked for
--   primary: cmsLocaleId of the items, where events of the CMS are to be told apart by it
--   page_ms: for how long a page is the share of listings; rest_ms: between listings that nobody
--   waits for; slot: which of them it is, or '' (listing_schedule.lua); ':reconcile': one of nobody's;
--   ':filter': none of them
--   began: ms of the store's clock, of a reconcile's listing
-- Returns {found, missing, done, twins: [[key, item id, id of the other]], sweep}.
--   sweep: what was not shown is gone
-- Errors: none: a full store does this as well.
--! uses step items item_schedule retirements creation references listing_schedule item_status
--! uses duplicate_keys missing_items reference_timeouts filter_answers key_forms item_totals
--! uses life_entries before_values

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end
redis.call('ZREM', 'instep:flight:' .. request.destination, request.flight)

local place = step.place
local main = 'instep:index:' .. place
local index = main .. request.slot
local unasked = request.slot ~= ''
local outside = request.slot == ':reconcile'  -- a reconcile's own: its end is in finish_listing.lua
local filtered = request.slot == ':filter'
local found = 0
if given(request.primary) then redis.call('HSET', main, 'primary', request.primary) end

local function result(done, sweep)
  duplicate_keys.note_changes()
  return step.answer({found = found, missing = missing_items.counts.missed, done = done, sweep = sweep or false,
    twins = {unpack(duplicate_keys.duplicates, 1, math.min(#duplicate_keys.duplicates, step.NOTED))}})
end

-- A page that came after its lock ran out gives ids, but not the place of the listing.
local late = redis.call('HGET', index, 'holder') ~= request.flight
if not late then redis.call('HDEL', index, 'lock', 'holder') end
if request.failed and filtered then
  if not late then filter_answers.record_failure(index) end
  return result(false)
end
if request.failed then
  -- Longer each time: the budget is for writes.
  local times = math.min(redis.call('HINCRBY', index, 'failed', 1), 5)
  if not late then redis.call('HSET', index, 'lock', now + math.min(step.CLAIM_MS, 1000 * 2 ^ times)) end
  return result(false)
end
redis.call('HDEL', index, 'failed')
key_forms.note_page(main)
if outside then listing_schedule.note_reconcile(main) end
local total = tonumber(given(request.total))
-- A page that is late may be of another pass. The other listings are of a part.
local lists_all = outside or (not late and (request.slot == ':round' or redis.call('HGET', index, 'kind') == 'all'))
if total and lists_all then item_totals.note(request.collection, place, total) end

local function is_known(entry)
  return redis.call('HEXISTS', 'instep:keys:' .. place, entry.id) == 1
    or (given(entry.key) and redis.call('HEXISTS', 'instep:ids:' .. place, entry.key) == 1)
end

local function take_entry(entry)
  -- A later page may have given another key meanwhile.
  if late and not outside and is_known(entry) then return end
  local before = given(entry.key) and redis.call('HGET', 'instep:ids:' .. place, entry.key)
  local id, changed = duplicate_keys.choose_item(place, given(entry.key), entry.id, given(entry.created))
  if not id then return end
  local status = item_status.record(place, entry.id, given(entry.status))
  local item = items.load(request.collection, entry.key)
  if not next(item.meta) then return end
  local updated = given(entry.updated)
  if changed or (id == entry.id and item.meta.updated and updated and updated > item.meta.updated) then
    -- An editor wrote it since: what we know of it is no longer certain.
    if not changed then life_entries.note_edited(item, 'edited', updated) end
    items.forget_confirmations(item)
    items.set(item, 'updated', id == entry.id and updated or nil)
  end
  if status and id == entry.id and not items.live_claim(item) then
    item_status.update(item, status, false)
    retirements.note_undone(item, status)
    item_status.count_not_live(item)
  end
  local gone = items.in_force(item)
  if gone and before ~= id then
    gone.confirmed = nil  -- there is an item again, and the next time it is to be retired
    items.touch(item, items.GONE)
  end
  if given(entry.values) then before_values.note_shown(item, entry.values) end
  local waits = item.meta.lookup or item.meta.roomless
  creation.finish(item)
  if waits then
    found = found + 1
    life_entries.note_found(item, id)
    items.set(item, 'due', now)
    item_schedule.place(item)
  end
  items.save(item)
end

local newest = redis.call('HGET', index, 'newest') or ''
for _, entry in ipairs(request.items) do
  take_entry(entry)
  if given(entry.created) and entry.created > newest then newest = entry.created end
end
references.wake_waiting()
if late then return result(false) end
if filtered then
  local ended, absent, since = filter_answers.record_answer(main, index, place)
  for _, record in ipairs(absent) do missing_items.decide_missing(record, since, false, now) end
  if ended then
    if #request.filter.asked > 0 then filter_answers.space_out(index, found + missing_items.counts.made > 0) end
    -- Edits and deletions are noticed only once the whole was listed.
    redis.call('HSETNX', main, 'round_next', now + request.rest_ms)
  end
  return result(ended)
end
-- An item that is deleted while pages are read moves others to a page that has been read.
local most = tonumber(redis.call('HGET', index, 'total'))
local lost = total and most and math.max(0, most - total) or 0
if request.short or lost > 0 then redis.call('HSET', index, 'holes', 1) end
if request.offset == 0 and given(request.at) then redis.call('HSET', index, 'began', request.at) end
local pages = redis.call('HINCRBY', index, 'pages', 1)
if total then redis.call('HSET', index, 'total', total) end
if newest ~= '' then redis.call('HSET', index, 'newest', newest) end
local following = given(request.next)
-- A listing that no item waits for has the time to read that page again.
if unasked and lost > 0 then following = math.max(0, request.offset - lost) end
if unasked then
  local rests = math.max(now, step.sane(redis.call('HGET', main, 'page_next'), 3600000) or now)
  redis.call('HSET', main, 'page_next', rests + request.page_ms, 'last', request.slot)
end
if following then
  redis.call('HSET', index, 'offset', following)
  return result(false)
end
local began = redis.call('HGET', index, 'began')
if unasked then
  local round = request.slot == ':round'
  local pass = step.sane(redis.call('HGET', index, 'pass'), 0) or now
  redis.call('DEL', index)
  redis.call('HSET', main, round and 'round_next' or 'edits_next', now + request.rest_ms)
  local mark = tonumber(redis.call('HGET', main, 'mark'))
  if began and mark and tonumber(began) > mark and not round and not request.short then
    redis.call('HSET', main, 'mark', began)
  end
  if round and not request.short then
    key_forms.note_plain(main, pass)
    if began and not mark then redis.call('HSET', main, 'mark', began) end
    if newest ~= '' then redis.call('HSETNX', main, 'created', newest) end
  end
  return result(true, round and not request.short)
end

local pass = redis.call('HMGET', index, 'pass', 'kind')
local started = step.sane(pass[1], 0) or now
local all = pass[2] == 'all'
-- A listing with holes creates nothing; what fell through shows in the next of the whole alone.
local holes = request.missing == 'create' and redis.call('HGET', index, 'holes') == '1'
if holes then redis.call('HSET', index, 'full', 1) end
-- Without the earlier ids a listing of edits does not show which items are missing.
local known = all or redis.call('HEXISTS', index, 'mark') == 1
if not holes and known and pass[2] ~= 'new' then
  reference_timeouts.decide_on_missing(started, all)
end

local every = request.whole and request.full_ms or request.every_ms
if all then
  redis.call('HDEL', 'instep:collection:' .. request.collection, 'relisted')
  if not holes then redis.call('HDEL', index, 'full') end
  if redis.call('HGET', index, 'holes') ~= '1' then key_forms.note_plain(index, started) end
  redis.call('HSET', index, 'full_next', now + request.full_ms, 'full_every', request.full_ms,
    'round_next', now + request.rest_ms)
end
if pass[2] ~= 'new' then
  local rest = all and 0 or pages * request.page_ms
  rest = math.max(request.every_ms, rest)
  redis.call('HSET', index, 'edited_next', now + rest, 'edited_every', rest,
    'edits_next', now + request.rest_ms)
  if began and not holes and known then redis.call('HSET', index, 'mark', began) end
end
if newest ~= '' then redis.call('HSET', index, 'created', newest) end
redis.call('HDEL', index, 'pass', 'offset', 'since', 'kind', 'total')
redis.call('HSET', index, 'next', now + every, 'every', every)
local sweep = all and not holes and not request.short
return result(true, sweep and redis.call('HDEL', index, 'ids_doubted') == 1)
