-- Shared: when which page of a listing is to be read, and when anything at all is to be done.
--
-- instep:index:<collection>:<copy>  hash: how far the listing is that keys wait for
--   pass, kind, offset, since   when it began, what it lists, its next page
--     kind: all; edited (what was edited since the mark); new (what was created since). The first
--     two can say that an item is not there, the last one only that it is: it is for the time in
--     which another one of the first two would cost too much of the budget.
--   lock, holder                a page is on its way
--   began                       ms of the CMS's clock as it read the first page
--   mark                        ms of the CMS's clock: all edits until then were seen
--   created                     createdOn of the newest item
--   next, edited_next, full_next   not before; "every", "edited_every", …: their own maxima
--   full                        a listing of the whole is wanted
--   plain, odd, numeric         key_forms.lua
--   ids_doubted                 and what it does not show is gone (status_answers.lua)
-- No item waits for these two, which are read beside it, page by page in turn:
-- instep:index:<collection>:<copy>:edits  hash, likewise: what was edited since the mark
-- instep:index:<collection>:<copy>:round  hash, likewise: all; what it does not show is gone
--   They begin once something was sent (answered) after edits_next and round_next, and wait for
--   page_next before each page; last: whose page was the last one. These stand in the first hash.
-- instep:index:<collection>:<copy>:reconcile  hash: a reconcile lists the whole: began, in ms, and till
--   when another page of it is waited for. Meanwhile no other listing of the whole goes on: each of its
--   pages tells what waits for it, and its end (finish_listing.lua) who is missing.
--! uses calls step item_ids references

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local listing_schedule = {}
local OUTSIDE_MS = 60000
listing_schedule.RESTS_MS = 3600000  -- more than a page of theirs, or a begin, ever waits

local soonest
calls.on_begin(function() soonest = nil end)
function listing_schedule.note_due(at)
  if at and (not soonest or at < soonest) then soonest = at end
end

function listing_schedule.next_due() return soonest end

-- From when on a listing is asked for, by records without an id that no filter is to be asked for
-- first, or by what refers to them.
function listing_schedule.asked_for_at(name)
  local waits = redis.call('ZCARD', 'instep:lookup:' .. name)
  if waits > 0 and waits > redis.call('ZCARD', 'instep:filter:' .. name) then return now end
  return step.sane(redis.call('ZRANGE', 'instep:wanted:' .. name, 0, 0, 'WITHSCORES')[2], references.PATIENCE_MS)
end

function listing_schedule.read_hash(key, ...)
  local values = redis.call('HMGET', key, ...)
  local held = {}
  for i, name in ipairs({...}) do held[name] = values[i] or nil end
  return held
end

local function begin_pass(collection, key, kind, since)
  redis.call('HDEL', key, 'began', 'pages', 'since')
  redis.call('HSET', key, 'pass', now, 'offset', 0, 'kind', kind)
  if since then redis.call('HSET', key, 'since', since) end
  if kind == 'all' then redis.call('HDEL', key, 'holes') end
  -- What waits since before the clock stepped back is decided on by this pass, not in hours.
  local waiting = 'instep:lookup:' .. collection.name
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. now, '+inf', 'LIMIT', 0, 5000)) do
    redis.call('ZADD', waiting, now, record)
  end
  local wanted = 'instep:wanted:' .. collection.name
  for _, one in ipairs(redis.call('ZRANGEBYSCORE', wanted, '(' .. (now + references.PATIENCE_MS), '+inf', 'LIMIT', 0, 5000)) do
    redis.call('ZADD', wanted, now, one)
  end
end

-- What is met from now on is there; what is not, at the end of a listing of the whole, is gone.
local function begin_listed(place)
  local listed = 'instep:listed:' .. place
  redis.call('UNLINK', listed)
  redis.call('SADD', listed, '')
end

-- The page that a pass is at; second, whether it is on its way.
local function page_of(main, slot)
  local held = listing_schedule.read_hash(main .. slot, 'pass', 'offset', 'kind', 'since', 'lock')
  local lock = step.sane(held.lock, step.CLAIM_MS)
  if lock and lock > now then
    listing_schedule.note_due(lock)
    return nil, true
  end
  if not held.pass then return nil, false end
  return {offset = tonumber(held.offset), since = held.since or false,
    edited = held.kind == 'edited', slot = slot}, false
end

-- The kind of pass that is to begin for keys that wait, and since when it lists.
local function asked_pass(collection, held, known)
  local next_at = step.sane(held.next, tonumber(held.every) or 0) or now
  local full_at = step.sane(held.full_next, tonumber(held.full_every) or 0) or now
  local full = held.full == '1' or (held.created and not known and not collection.whole)
  if full and full_at <= now then return 'all' end
  local whole = collection.whole or not held.created
  local edited_at
  if known and not whole then
    edited_at = step.sane(held.edited_next, tonumber(held.edited_every) or 0) or now
    if edited_at <= now then return 'edited', held.mark end
  end
  if next_at <= now then
    if whole then return 'all' end
    return 'new', held.created
  end
  listing_schedule.note_due(next_at)
  listing_schedule.note_due(edited_at)
  if full then listing_schedule.note_due(full_at) end
end

local function read_index(key, place)
  local held = listing_schedule.read_hash(key, 'next', 'every', 'full', 'full_next', 'full_every', 'edited_next',
    'edited_every', 'created', 'mark', 'answered', 'edits_next', 'round_next', 'page_next', 'last')
  return held, item_ids.is_index_known(held.mark, place)
end

function listing_schedule.note_reconcile(key)
  if not given(request.began) then return end  -- of the release before
  if request.offset == 0 then redis.call('HSET', key .. ':reconcile', 'began', request.began) end
  redis.call('HSET', key .. ':reconcile', 'till', now + OUTSIDE_MS)
end

-- Until when a reconcile's listing of the whole is waited for; nil: there is none.
local function reconcile_till(key)
  local till = step.sane(redis.call('HGET', key .. ':reconcile', 'till'), OUTSIDE_MS)
  -- Where ids may be wrong, what a listing of the workers does not show is gone.
  local doubted = redis.call('HEXISTS', key, 'ids_doubted') == 1
  return till and till > now and not doubted and till or nil
end

local function asked_page(collection, key, place)
  local page, busy = page_of(key, '')
  local outside = reconcile_till(key)
  if page and not page.since and outside then
    listing_schedule.note_due(outside)
    return nil
  end
  if page or busy then return page end
  local asked = listing_schedule.asked_for_at(collection.name)
  if not asked or asked > now then
    listing_schedule.note_due(asked)
    return nil
  end
  local held, known = read_index(key, place)
  local kind, since = asked_pass(collection, held, known)
  if not kind then return nil end
  if kind == 'all' and outside then
    listing_schedule.note_due(outside)
    return nil
  end
  begin_pass(collection, key, kind, since)
  -- Many ids may be wrong: what this listing does not show is gone.
  if kind == 'all' and redis.call('HEXISTS', key, 'ids_doubted') == 1
      and redis.call('HEXISTS', key .. ':round', 'pass') == 0 then
    begin_listed(place)
  end
  return page_of(key, '')
end

local function may_begin(held, name)
  local at = step.sane(held[name], listing_schedule.RESTS_MS) or now
  -- The first whole listing of a collection whose keys filters have found so far is such a one.
  return (held.created or held.round_next) and held.answered and at <= now
    and tonumber(held.answered) >= (tonumber(held[name]) or 0)
end

-- Begins what is to begin of those that no item waits for; returns whether there are any.
local function begin_unasked(collection, key, place, held, known)
  local edits, round = key .. ':edits', key .. ':round'
  local listed = 'instep:listed:' .. place
  local has_edits = redis.call('HEXISTS', edits, 'pass') == 1
  if not has_edits and known and not collection.whole and may_begin(held, 'edits_next') then
    begin_pass(collection, edits, 'edited', held.mark)
    has_edits = true
  end
  -- What a round has shown so far may have been forgotten.
  if redis.call('EXISTS', listed) == 0 then redis.call('DEL', round) end
  local has_round = redis.call('HEXISTS', round, 'pass') == 1
  if not has_round and may_begin(held, 'round_next') and not reconcile_till(key) then
    begin_listed(place)
    begin_pass(collection, round, 'all')
    has_round = true
  end
  return has_edits or has_round
end

-- The ms from which a page is to be read of those that no item waits for; nil: of none.
function listing_schedule.unasked_at(collection, key, place)
  local held, known = read_index(key, place)
  if not begin_unasked(collection, key, place, held, known) then return nil end
  return math.max(now, step.sane(held.page_next, listing_schedule.RESTS_MS) or now)
end

local function unasked_page(collection, key, place)
  local at = listing_schedule.unasked_at(collection, key, place)
  if not at or at > now then
    listing_schedule.note_due(at)
    return nil
  end
  local outside = reconcile_till(key)
  local slots = redis.call('HGET', key, 'last') == ':edits' and {':round', ':edits'} or {':edits', ':round'}
  for _, slot in ipairs(slots) do
    local page = (slot ~= ':round' or not outside) and page_of(key, slot)
    if page then return page end
  end
  listing_schedule.note_due(outside)
end

-- The collection of which a page is to be read, the hash of its pass, and the page.
function listing_schedule.next_page(open)
  for _, choose in ipairs({asked_page, unasked_page}) do
    for _, collection in ipairs(open) do
      local place = collection.name .. ':' .. collection.index
      local key = 'instep:index:' .. place
      local page = choose(collection, key, place)
      if page then return collection, key .. page.slot, page end
    end
  end
  return nil
end

return listing_schedule
