--! flags allow-oom
-- settle: what one attempt did to each item of a claim, and what its answer says of the budget and
-- of the destination, all at once. It acts only on values that still hold the arrival number that
-- was claimed; what arrived meanwhile stays pending and due.
-- ARGV[2]: {token, claim, destination, collection, index, copy, weak, soft, missing, kind, look, staged, at,
--   live, verdicts: [{…}], rate, called, health: [{…}], heard, closed, no_room, create_most, imports,
--   places, items, first, last, made, undo, publish, reply: {status, code, message, sent}}
--   verdicts: by the names of Verdict (workers/model/attempts.py), and {id, sent: [slug], answered: updated
--   as a version, wait_ms} (workers/store/settlement.py)
--   kind, look, staged: of the request (requests.lua); live: of the destination
--   rate, called, health: rate_headers.lua, destination_health.lua; taken by the first of the steps
--   items: of the whole claim; first, last: of the steps that settle it one behind the other; made: one
--   of those before has found a new item
--   heard: the CMS answered the request; closed: that nothing of the collection can be written; no_room:
--   that the plan has no room, for so many that create_most are to be tried next
--   reply: the answer, or why there is none; sent: false: nothing was sent
--   at: of the answer, as the CMS writes times
--   soft: the limits come from 5xx answers, and last until the outage has ended
--   undo: what items held before is kept (before_values.lua)
--   publish: 'items' or 'site', where what is staged is published (unpublished.lua)
--   imports: [files, ms]: that the CMS fetched for the request, and how long that took
-- Returns {settled, lost, letters, made}.
-- Errors: none: a full store does this as well.
--! uses step items life_requests item_schedule references item_status publish_wait status_answers
--! uses item_ids rate_headers destination_health freshness undo_log written_values item_attempts
--! uses retirements resting_records locales retirement_answers creation_answers file_imports
--! uses late_imports plan_room failed_values writebacks unpublished

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local place = step.place
local lost, letters, settled, made = 0, 0, 0, request.made
local is_told = given(request.writebacks) and writebacks.are_wanted(request.collection)

-- Somebody claimed the item meanwhile: this request may have landed on either side of theirs.
local function settle_late(item, verdict)
  if request.kind == 'create' then
    creation_answers.settle_late(item, verdict)
  elseif request.kind == 'unpublish' or request.kind == 'delete' then
    retirement_answers.settle_late(item, verdict)
  else
    for _, slug in ipairs(verdict.sent) do items.mark_repair(item, slug, now + step.LATE_MS) end
  end
end

-- Whether something has come since the claim that waits for nothing: it goes at once.
local function has_newer(item, claim)
  if request.kind == 'look' then return false end
  for slug, field in pairs(item.fields) do
    local left = field.blocked_since or (claim.rest and claim.rest[slug])
    if field.state == 'pending' and not left and field.arrival ~= claim.fields[slug] then return true end
  end
  return false
end

-- What is to be told elsewhere; of a new item that it was made is told already (creation.lua).
local function note_written(item, verdict, done)
  local gone = items.in_force(item)
  local retired = false
  for _, slug in ipairs(done) do retired = retired or (slug == items.GONE and gone ~= nil) end
  if not given(verdict.made) then writebacks.note(item, retired and 'retired' or 'changed') end
end

-- Whether what the CMS has taken is to be published.
local function note_unpublished(item, claim, verdict)
  local id, updated = given(verdict.made) or verdict.id, given(verdict.updated)
  if verdict.retired then
    unpublished.leave(item.collection, item.record)
  elseif updated and request.kind ~= 'look' then
    -- Of variants the status is that of the primary one, which may be none of those that were written.
    local status = item_status.load(step.place, id) or {flags = '', published = '0', updated = ''}
    if updated > status.updated then status.updated = updated end
    unpublished.note(item, claim, id, status, item.since, item.by_event, given(verdict.made) ~= nil)
  end
end

local function settle_claimed(item, claim, verdict)
  if verdict.unknown then
    failed_values.doubt(item, claim, verdict)
    undo_log.note_unsure(item, claim)
  end
  if given(verdict.made) then undo_log.note_created(item, claim, verdict.made) end
  if request.kind == 'create' then creation_answers.settle(item, claim.fields, verdict) end
  -- Before a success clears the count: the letter counts this attempt as well.
  local attempts = tonumber(item.meta.attempts or 0) + (verdict.attempt and 1 or 0)
  status_answers.record_answer(item, claim, verdict)
  if verdict.relist then status_answers.look_up_all(verdict) end
  if verdict.retired then verdict.written = retirement_answers.settle(item, claim, verdict) end
  if is_told and given(verdict.slug) then items.set(item, 'named', verdict.slug) end
  item.back = given(request.publish) and item.fields[items.GONE] and retirements.is_put_back(item)
  local done, news = written_values.settle(item, claim, verdict)
  if news and is_told then note_written(item, verdict, done) end
  if #done > 0 or verdict.retired then item_attempts.reset(item, verdict) end
  for slug in pairs(verdict.unknown and claim.fields or {}) do item.fields[slug].confirmed = nil end
  written_values.record_answer(item, claim, verdict)
  if next(verdict.deaths or {}) then
    letters = letters + failed_values.add_dead_letters(item, claim, verdict, attempts)
  end
  written_values.keep_files(item, verdict.files)
  if given(verdict.sought) then late_imports.forget(item, verdict.sought) end
  if next(verdict.missed or {}) or next(verdict.dangling or {}) then failed_values.count_misses(item, claim, verdict) end
  if verdict.publish then items.set(item, 'publish', 1) end
  status_answers.settle(item, verdict)
  if verdict.forget then failed_values.forget_id(item, verdict.id) end
  item_attempts.record(item, verdict, has_newer(item, claim))
  if given(request.publish) then note_unpublished(item, claim, verdict) end
  if given(verdict.made) then made = true end
  if given(request.no_room) and request.create_most == 0 then items.set(item, 'roomless', 1) end
  items.set(item, 'claim', nil)
  item_status.count_not_live(item)
  life_requests.note_answered(item, claim, verdict, done)
  settled = settled + 1
end

local function settle(verdict)
  local states = given(verdict.variants)
  if states then
    locales.note_variants(place, verdict.id, states)
    locales.doubt(place, states)
  end
  local item = items.load(request.collection, verdict.record)
  local claim = items.claim_of(item)
  local held = claim and claim.token == request.claim
  item_attempts.count(verdict, held)
  if held then
    settle_claimed(item, claim, verdict)
  else
    lost = lost + 1
    if not (next(item.meta) or next(item.fields)) then return end  -- erased since (forget.lua), or merged
    settle_late(item, verdict)
    life_requests.note_late(item, verdict)
  end
  item_schedule.place(item)
  items.save(item)
  if verdict.absent then resting_records.rest(item) end
end

-- What the answer says beside the verdicts. Before the flight lands, which the budget counts.
if request.first then
  if given(request.rate) then rate_headers.learn(request.destination, request.rate) end
  destination_health.count_call(request.destination, request.called)
  for _, report in ipairs(request.health or {}) do destination_health.record(request.destination, report) end
end
if request.last then redis.call('ZREM', 'instep:flight:' .. request.destination, request.claim) end
if given(request.imports) then
  file_imports.learn('instep:destination:' .. request.destination, request.imports[1], request.imports[2])
end

local deleted = false
for _, verdict in ipairs(request.verdicts) do
  settle(verdict)
  deleted = deleted or (verdict.retired and request.kind == 'delete')
  -- The batch was refused as a whole: for a while no lane is mixed with another (lanes.lua).
  if given(verdict.limit) or given(verdict.part) then
    redis.call('HSET', 'instep:collection:' .. request.collection, 'refused', now)
  end
  if given(verdict.overwrote) then status_answers.repair_other(verdict) end
end
if item_ids.has_arrived() then references.wake_waiting() end

if request.heard and request.first then
  publish_wait.note_answer_on_closed(request.collection, request.claim, given(request.closed))
end
if given(request.no_room) then
  if request.first then plan_room.note_refusal(request.collection, request.no_room, request.create_most) end
elseif request.kind == 'create' and request.heard and request.last then
  plan_room.note_answer(request.collection, made)
end
for name in pairs(deleted and references.places or {}) do plan_room.try_at_once(name) end

freshness.save()
item_attempts.save()
redis.call('HSET', 'instep:index:' .. place, 'answered', now)
return step.answer({settled = settled, lost = lost, letters = letters, made = made or nil})
