#!lua
-- accept: one delivery, whole or not at all. Seen ids, newest value per field, dead letters of what
-- could not be read, counters, and who is to be woken.
-- ARGV[2]: {token, source, mode, closes, secret, dedupe_ms, raw, raw_bytes, letters_most,
--   history, weak, hold_ms, limit, spooled, slot, headers, fetched: {fetcher, object, token, n, cursor, more, last},
--   kept: {ms, most, words}, again, assumed,
--   events: [{id, name, topic, index, place, letter, problems: [{path, message}], nameless,
--     left: [{collection, record, slug, version}], part,
--     again: {number, place, came, taken, letters, arrival, whole},
--     log: {name, version, at, far, overlaps},
--     fetches: [[fetcher, object]], payload, body, raw,
--     changes: [{mapping, collection, destination, record, by, copy, version, placed, batch,
--       snapshot: {as_of_ms, before_ms},
--       fields: [[slug, value, type, form]], on_create: {slug: how}, echo, seen: {slug: text}}],  (a retirement is a field)
--     gone: [{collection, index, id, deleted}]}]}
--   echo: the CMS itself tells of these values, and when it held them (write_history.lua)
--   fetched: the claim of a fetch that the events were read by; last: it is to be closed
--   body, raw: of the event alone; hold_ms: until what a reconcile changes is due
--   left: left_out.lua; nameless: it has problems that name no field of a record
--   kept: delivery_log.lua   again, assumed: remap.lua   log: source_logs.lua
--   limit: of a run, whose events are a record each; lease: the lock that it holds (run_counts.lua)
--   stands: adoption.lua   placed, snapshot: version_order.lua   spooled, slot: spool.lua
--   on_create: create_only.lua
--   begins, sliced: the delivery is taken in slices, or goes on so: sliced_deliveries.lua
-- ARGV[3]: the raw body, as text or base64 (request.encoding); ARGV[4], ARGV[5]: delivery_log.lua
--! uses redis step items wakeups history_trim arrivals sliced_request overtaken adoption
--! uses version_order version_kinds spool deduplication stale_values remap sliced_deliveries
--! uses event_letters losses
--! on demand dead_letters retirements resting_records creation slices references create_only
--! on demand locales write_history cms_forms raw_bodies left_out fetch_queue source_logs
--! on demand delivery_log body_letters run_counts

local request, now, now_us, given = step.request, step.now, step.now_us, step.given

do
  local earlier = spool.drained() or step.earlier_answer()
  if earlier then return earlier end
end

local limit, lease = given(request.limit), given(request.lease)
if lease and run_counts.is_lost(lease) then return cjson.encode({outcome = 'lost'}) end
if given(request.begins) then return sliced_deliveries.begin(request.begins, ARGV[3]) end
local sliced = sliced_request.now
if given(request.sliced) and not sliced then return step.answer({outcome = 'none'}) end

local claim, fetch = given(request.fetched), nil
if claim then
  fetch = fetch_queue.load(claim.fetcher, request.source, claim.object)
  if not fetch_queue.holds_claim(fetch, claim.token) then return step.answer({outcome = 'lost'}) end
end

if limit and run_counts.exceeds(limit, #request.events) then return cjson.encode({outcome = 'held'}) end

local loaded = {}
local function item_of(change)
  local name = change.collection .. ':' .. change.record
  loaded[name] = loaded[name] or remap.assume(items.load(change.collection, change.record))
  return loaded[name]
end

-- What no mapping wants is never marked seen, and so does not tell a repeat from the first.
local function wanted(event) return #event.changes > 0 or #event.fetches > 0 end

local events, duplicates, bad, fresh, here = {}, 0, 0, 0, {}
local in_logs = false
local repeats, left, rest = {}, {}, {}  -- places of repeats, of what was not taken, of what was
local function sort_out(event)
  local id = given(event.id)
  -- The letter of a fetch that failed is one of an event that was taken.
  local again = request.mode == 'remap' and #event.fetches > 0
  if given(event.again) then body_letters.restore_place(event) end
  local repeat_of = not again and deduplication.is_repeat(event, here)
  if repeat_of and not here[id] then
    -- The repeat of an event of which something was left out is a replay of its letter.
    event.again = event_letters.find_place(event, item_of)
    repeat_of = not event.again
  end
  if repeat_of or (given(event.again) and request.mode == 'live') then
    repeats[#repeats + 1] = event.place
  end
  if repeat_of then
    duplicates = duplicates + 1
  else
    local fills = {}
    if given(event.log) then
      source_logs.place_event(event, item_of)
      in_logs = true
    end
    version_kinds.leave_out(event, fills, item_of)
    if #event.problems > 0 then bad = bad + 1 end
    if wanted(event) then
      fresh = fresh + 1
      rest[#rest + 1] = event.place
      for place, kind in pairs(fills) do version_kinds.kinds[place] = kind end
      if id then here[id] = true end
    else
      left[#left + 1] = event.place
    end
    events[#events + 1] = event
  end
end
for _, event in ipairs(request.events) do sort_out(event) end

-- Notices that wait hold raw bodies too; each source has room for so many.
local function raw_of(event)
  return {source = request.source, raw = given(event.raw) or request.raw,
    text = given(event.body) or sliced_request.body(), encoding = given(event.body) and 'text' or request.encoding}
end
do
  local bytes, weighed = 0, {}
  for _, event in ipairs(events) do
    if #event.fetches > 0 then bytes = bytes + raw_bodies.weight_of(raw_of(event), weighed) end
  end
  -- As much again as the letters may take: these cannot keep the notices out.
  if bytes > 0 and not raw_bodies.has_room(bytes, 2) then
    return cjson.encode({outcome = 'full'})
  end
end

request.doubts = losses.copy_suffix()

local lane_here = ({live = 1, fetched = 1, remap = 2, reconcile = 3})[request.mode]
local due_here = lane_here == 3 and now + request.hold_ms or now
local duplicate = duplicates > 0 and fresh == 0 and bad == 0
-- Beside repeats there may be what nothing wanted: a duplicate by its outcome, and yet kept.
local keeping = given(request.kept) and not sliced and (duplicates == 0 or #events > 0)
  and delivery_log.begin() or nil
local before = sliced and tonumber(sliced.before) or arrivals.last()
if sliced and sliced.number > 0 then keeping = {number = sliced.number} end

local function value_of(change, event, triple, version, held)
  local again = given(event.again)
  local kept = again or (keeping and {number = keeping.number, place = event.place}) or {}
  local snapshot = given(change.snapshot)
  local field = {
    value = triple[2], type = triple[3], form_mark = triple[4], version = version, source = request.source,
    arrival = arrivals.next(), lane = lane_here, since = arrivals.ms, event = given(event.name),
    events = version_order.events_at(held, version, given(event.id)),
    delivery = kept.number ~= 0 and kept.number or nil, place = kept.place,
    stands_at = again and again.number == 0 and given(again.arrival) or nil,
    snapshot_at = snapshot and snapshot.as_of_ms,
    snapshot_time = version_order.has_snapshot_time(held, version, snapshot),
    retirement_version = triple[1] ~= items.GONE and version_order.has_kind_of_retirement(held, version, change) or nil,
  }
  if held and held.state == 'pending' then
    if not snapshot and held.since < arrivals.ms then field.came_at = arrivals.ms end
    field.since = math.min(held.since, arrivals.ms)
    field.lane = math.min(held.lane or 1, field.lane)
  end
  return field
end

-- A copy is named "<index>:live" or "<index>:staged".
local function place_of(change) return change.collection .. ':' .. string.match(change.copy, '^[^:]*') end

local lives, retires = {}, false
local function put(change, event, triple)
  local item = item_of(change)
  local slug, value, kind = triple[1], triple[2], triple[3]
  local held = item.fields[slug]
  local version = version_order.version_of(item, slug, change, event)
  if version and version_order.LATER[request.mode] then version_order.yield_kind(item, slug, version) end
  if given(change.locale) and locales.is_elsewhere(place_of(change), change.locale, slug) then
    -- Another variant shows it: that says nothing of this one.
    remap.pass_over(event, 'stale')
    return {slug, 0, 'stale'}
  end
  local told = given(change.echo)
  local seen = told and given(change.seen[slug])
  local fate = told and write_history.known_fate(item, slug, value, kind, seen, told, triple[4])
  -- What somebody does to an item in the CMS does not bring its record back.
  if told and not fate and items.in_force(item) then fate = 'stale' end
  if told and not fate then write_history.doubt_value(item, slug, told) end
  fate = fate or (not version and 'stale')
    or (version_order.repeats_value(held, version, event, value, kind) and 'same')
    or (not version_order.is_news(item, slug, version, event, change) and 'stale')
    or (given(change.stands) and not adoption.is_adoptable(item, slug) and 'stale')
  if fate then
    if fate == 'stale' and not told and not given(event.again) then
      stale_values.note_stale(item, change, slug, version)
    end
    remap.pass_over(event, fate)
    return {slug, 0, fate}
  end
  stale_values.note_newer()
  step.count('accepted', 1)
  local copy = change.copy .. request.doubts
  local field = value_of(change, event, triple, version, held)
  if slug == items.GONE then
    field.state = retirements.retire(item, field, copy)
    if field.state == 'pending' and lane_here < 3 then
      run_counts.note_retired(place_of(change))
      retires = true
    end
  else
    if items.in_force(item) then version_order.lifted_by[item.fields[items.GONE]] = event end
    if item.fields[items.GONE] then retirements.undo_retirement(item) end
    if held then
      field.confirmed, field.repair_at, field.file, field.history = held.confirmed, held.repair_at, held.file, held.history
      overtaken.supersede(item, slug)
    end
    if told then write_history.note_told(field, value, seen, told) end
    item.fields[slug] = field
    items.touch(item, slug)
    local same = adoption.is_known(field, held, kind, value) and not field.repair_at and item.meta.copy == copy
    field.state = same and 'unchanged' or 'pending'
    if same then cms_forms.keep(field, held) end
    if given(change.stands) then adoption.adopt(item, field, copy, change.stands) end
    if change.on_create then create_only.keep(field, change.on_create[slug]) end
  end
  remap.note_taken(event, item, slug, held, field)
  if next(item.left) then left_out.overtake(item, slug, version, event) end
  step.count(field.state, 1)
  if field.state == 'unchanged' then return {slug, field.arrival, 'unchanged'} end
  items.set(item, 'by', change.by)
  if request.mode ~= 'reconcile' then items.set(item, 'shown', given(change.shown)) end
  -- A newer value starts the count afresh and does not wait out the backoff of the older one.
  items.set(item, 'attempts', nil)
  items.set(item, 'failed', nil)
  items.set(item, 'refused', nil)
  -- What has nothing to send has no lane: when it was due last counts no more.
  local due = item.meta.lane and tonumber(item.meta.due)
  if not due or due > due_here then items.set(item, 'due', due_here) end
  lives[change.destination] = change
  return {slug, field.arrival, 'accepted'}
end

for _, event in ipairs(events) do
  for _, gone in ipairs(event.gone or {}) do write_history.record_gone(gone, item_of) end
end

request.headers = cjson.encode(request.headers)
local has_letters = redis.call('EXISTS', 'instep:letters:raw:' .. request.source) == 1
local outcome = {told = {}, asked = {}, asks = {}, accepted = 0, letters = 0}
if sliced or given(request.closes) or (#events > 0 and events[#events].index < 0) then
  body_letters.begin_letter(events, given(request.closes), item_of, event_letters.letter_for, sliced)
end
local own_letter = sliced and (left_out.rewriting.id or given(request.closes))
-- A function, for a loop here would take names of those 200 that a script has at most.
local function accept(event)
  event.headers = request.headers
  local arrival = event_letters.arrival_of(event)
  for _, ask in ipairs(event.fetches) do
    fetch_queue.add(fetch_queue.load(ask[1], request.source, ask[2]), event, raw_of(event), request.mode ~= 'live')
    outcome.asked[ask[1]] = true
    table.insert(outcome.asks, ask)
  end
  if own_letter then body_letters.remove_own_entries(event, own_letter, item_of) end
  -- Before its values overtake what its letter holds: a replay closes it, not something newer.
  if has_letters and event_letters.is_whole(event) and wanted(event) then
    event_letters.close_letters(event, item_of)
  end
  for _, change in ipairs(event.changes) do
    local fates = {}
    event_letters.note_whole(item_of(change), event)
    for _, triple in ipairs(change.fields) do
      local fate = put(change, event, triple)
      if limit and fate[3] == 'accepted' then run_counts.note_taken(event) end
      if not given(event.again) or fate[2] > 0 then fates[#fates + 1] = fate end
    end
    outcome.accepted = outcome.accepted + #fates
    if #fates > 0 then table.insert(outcome.told, {change.collection, change.record, fates}) end
  end
  if wanted(event) then deduplication.mark_seen(event) end
  if event.part then body_letters.link_part(event, arrival, item_of) end
  if #event.problems > 0 and event_letters.keep_letter(event, raw_of(event), keeping, event.index < 0 and before or arrival, item_of) then
    outcome.letters = outcome.letters + 1
    has_letters = true
  end
end
for _, event in ipairs(events) do accept(event) end
if fetch and claim.last then fetch_queue.finish(fetch, claim) end
deduplication.mark_outlived()
if limit or retires then run_counts.save(limit) end
if in_logs then source_logs.save() end
spool.note_drained()
local stalled = version_order.LATER[request.mode] and stale_values.save()
do
  local letter = given(request.closes)
  if letter and (not sliced or sliced.last) and not event_letters.rewritten[letter] and left_out.is_open(letter) then
    left_out.close_letter(letter, 'replayed', item_of)
  end
end
for _, item in pairs(loaded) do
  if items.is_altered(item) then
    items.schedule(item)
    items.save(item)
    if item.lost then resting_records.rest(item) end
  end
end

local words = keeping and not sliced
  and delivery_log.append(keeping, delivery_log.places_text(repeats, left, rest), string.format('%.0f', before))
if not sliced then sliced_deliveries.count_delivery(duplicate) end
if sliced then
  local told = {fresh = fresh, bad = bad, repeats = duplicates, letter = left_out.rewriting.id,
    nameless = body_letters.is_nameless(), with_ids = body_letters.has_ids()}
  sliced_deliveries.save_slice(sliced, told, {repeats, left, rest})
end
if #outcome.asks > 0 then step.note('asked', {source = request.source, fetches = outcome.asks}, 'fetches') end
if #outcome.told > 0 then step.note('accepted', {source = request.source, mode = request.mode, changes = outcome.told}, 'changes') end
history_trim.trim()

local wake = {}
for destination, change in pairs(lives) do
  if due_here > now then
    wakeups.wake_by(destination, due_here)
  elseif wakeups.worth_a_job(destination, change, step.LANES[lane_here]) and wakeups.claim_marker(destination) then
    wake[#wake + 1] = destination
  end
end
for name in pairs(outcome.asked) do
  if not fetch_queue.rests_till(name) and wakeups.claim_marker(fetch_queue.QUEUE) then wake[#wake + 1] = fetch_queue.QUEUE end
end
return step.answer({outcome = duplicate and 'duplicate' or 'kept', accepted = outcome.accepted, wake = wake,
  letters = outcome.letters, words = words, at = string.format('%.0f', now_us), stalled = stalled, forgot = deduplication.forgotten_ms(), tally = request.again and remap.tally, taken = request.again and remap.taken,
  refused = request.again and remap.refused, closed = request.again and remap.closed})
