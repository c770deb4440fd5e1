-- accept: takes one delivery, whole or not at all: ids that were seen, the newest value of each field,
-- dead letters of what could not be read, counters, and who is to be woken.
-- ARGV[2]: {token, source, mode, closes, secret, dedupe_ms, raw, raw_bytes, letters_most,
--   lives: {bytes, ms} (life_bounds.lua), undo: the same (undo_bounds.lua), weak, hold_ms, limit, run, spooled, slot, headers, fetched: {fetcher, object, token, n, cursor, more, last},
--   kept: {ms, most, words}, summary, again, assumed,
--   events: [{id, name, topic, index, place, letter, problems: [{path, message}], nameless,
--     left: [{collection, record, slug, version}], part,
--     again: {number, place, came, taken, letters, arrival, whole},
--     log: {name, version, at, far, overlaps},
--     fetches: [[fetcher, object]], payload, body, raw,
--     changes: [{mapping, collection, destination, record, by, copy, version, placed, batch,
--       snapshot: {as_of_ms, before_ms},
--       fields: [[slug, value, type, form]], on_create: {slug: how}, echo, seen: {slug: text}}],  (a retirement is a field)
--     gone: [{collection, index, id, deleted}]}]}
--   echo: the values come from the CMS itself: when it held them (write_history.lua)
--   fetched: the claim of a fetch that the events were read by; last: it is to be closed
--   body, raw: of the event alone; hold_ms: until what a reconcile changes is due
--   left: left_out.lua; nameless: it has problems that name no field of a record
--   kept, summary: delivery_log.lua   again: remap.lua   assumed: items.lua   log: source_logs.lua
--   guards, retiring: retirement_waits.lua
--   limit: of a run, whose events are a record each; lease: the lock that it holds (run_counts.lua)
--   stands: adoption.lua   placed, snapshot: version_order.lua   spooled, slot: spool.lua
--   on_create: create_only.lua
--   begins, sliced: the delivery is taken in slices, or goes on so: sliced_deliveries.lua
-- ARGV[3]: the raw body, as text or base64 (request.encoding); ARGV[4], ARGV[5]: delivery_log.lua
-- Returns {outcome, accepted: values, letters, wake: [destination], at: µs, words, stalled, forgot}, and
-- with again {tally, taken, refused, closed} (remap.lua).
--   outcome: kept, duplicate; and without a trace full, held, lost, none (of what is sliced), behind or
--   drained (spool.lua; with last)
--   stalled: stale_values.lua   forgot: ms for which ids are kept, where that is less than it should be
-- Errors: OOM: the store is full, and nothing was done.
--! uses step items item_schedule wakeups sliced_request version_order spool deduplication stale_values
--! uses remap event_letters delivery accepted_values resting_records write_history left_out fetch_queue
--! uses arrivals accepted_events source_logs body_letters run_counts sliced_deliveries life_bounds undo_bounds raw_bodies
--! uses gathered

local request, now_us, given = step.request, step.now_us, step.given

local earlier = spool.drained() or step.earlier_answer()
if earlier then return earlier end

-- What is not accepted is answered without a trace: asked again, it is looked at again.
local limit, claim = given(request.limit), given(request.fetched)
if given(request.lease) and run_counts.is_lost(request.lease) then return cjson.encode({outcome = 'lost'}) end
if given(request.begins) then return sliced_deliveries.begin(request.begins, ARGV[3]) end
local sliced, closes = sliced_request.now, given(request.closes)
if given(request.sliced) and not sliced then return step.answer({outcome = 'none'}) end
local fetch = claim and fetch_queue.load(claim.fetcher, request.source, claim.object)
if claim and not fetch_queue.holds_claim(fetch, claim.token) then return step.answer({outcome = 'lost'}) end
if limit and run_counts.exceeds(limit, #request.events) then return cjson.encode({outcome = 'held'}) end
delivery.sort_events()
if not delivery.has_room() then return cjson.encode({outcome = 'full'}) end
delivery.begin()

local events = delivery.events
for _, event in ipairs(events) do
  for _, gone in ipairs(event.gone or {}) do write_history.record_gone(gone) end
end
local has_letters = raw_bodies.has_letters(request.source)
if sliced or closes or (#events > 0 and events[#events].index < 0) then
  body_letters.begin_letter(events, closes, event_letters.letter_for, sliced)
end
accepted_events.begin(limit, has_letters, sliced and (left_out.rewriting.id or closes))
local values = 0
for _, event in ipairs(events) do
  for _, change in ipairs(event.changes) do values = values + #change.fields end
end
arrivals.expect(values)
for _, event in ipairs(events) do accepted_events.take(event) end
gathered.later(arrivals.give_back)
if fetch and claim.last then fetch_queue.finish(fetch, claim) end
deduplication.mark_outlived()
if limit or accepted_values.has_retired then run_counts.save(limit) end
if delivery.has_log then source_logs.save() end
spool.note_drained()
local stalled = version_order.LATER[request.mode] and stale_values.save()
if closes and (not sliced or sliced.last) and not event_letters.rewritten[closes] and left_out.is_open(closes) then
  left_out.close_letter(closes, 'replayed')
end
for _, item in pairs(items.loaded) do
  if items.is_altered(item) then
    item_schedule.place(item)
    items.save(item)
    if item.lost then resting_records.rest(item) end
  end
end

local words = delivery.log()
if sliced then
  local progress = {fresh = delivery.fresh, bad = delivery.failed, repeats = delivery.duplicates,
    letter = left_out.rewriting.id, nameless = body_letters.is_nameless(), with_ids = body_letters.has_ids()}
  sliced_deliveries.save_slice(sliced, progress, {delivery.repeats, delivery.unwanted, delivery.taken})
else
  delivery.count(delivery.is_duplicate)
  if not delivery.is_duplicate then delivery.count_events(delivery.fresh, delivery.failed) end
end
if given(request.lives) then
  gathered.write()  -- lives that have begun are among those to be trimmed
  life_bounds.trim(request.lives)
  undo_bounds.trim(request.undo)
end

local wake = {}
for destination, change in pairs(accepted_values.changes) do
  if wakeups.wake(destination, change, step.LANES[delivery.lane], delivery.due) then wake[#wake + 1] = destination end
end
for name in pairs(accepted_events.fetchers) do
  if not fetch_queue.rests_till(name) and wakeups.claim_marker(fetch_queue.QUEUE) then wake[#wake + 1] = fetch_queue.QUEUE end
end
local answer = {outcome = delivery.is_duplicate and 'duplicate' or 'kept', accepted = accepted_events.values, wake = wake,
  letters = accepted_events.letters, words = words, at = string.format('%d', now_us), stalled = stalled,
  forgot = deduplication.forgotten_ms()}
if request.again then
  answer.tally, answer.taken, answer.refused, answer.closed = remap.tally, remap.taken, remap.refused, remap.closed
end
return step.answer(answer)
