#!lua flags=allow-oom
-- settle: what one attempt did to each item of a claim, and what its answer says of the budget and
-- of the destination, all at once. It acts only on values that still hold the arrival number that
-- was claimed; what arrived meanwhile stays pending and due.
-- ARGV[2]: {token, claim, destination, collection, index, copy, weak, soft, missing, kind, look, at,
--   live, staged,
--   verdicts: [{record, id, sent: [slug], written: [slug], normalised: [slug], edited: [slug],
--     files: {slug: json}, updated,
--     answered, seen: {slug: text},
--     deaths: [{kind, slugs, message, status, code, problems}], wait_ms, attempt, failed, limit,
--     part, unknown, refused, missed: [slug], staged, forget, overwrote, publish,
--     made, taken, passed, named: [slug, instead], retired, dangling: [slug],
--     status, look, relist, unmoved, unpublishable, why,
--     sought: [slug],
--     shown: {slug: [cmsLocaleId]}, variants: {cmsLocaleId: state}}],
--   rate, health: [...], heard, closed, no_room, create_most, items, first, last, made}
--   items: of the whole claim; first, last: of the steps that settle it one behind the other; made:
--   one of those before has found a new item
--   rate, health: rate_headers.lua, destination_health.lua; taken by the first of the steps
--   kind, look, staged: of the request (requests.lua)
--   made: the id of the item that was created; retired: it was taken away
--   unmoved: the CMS says that it was not live; live: of the destination
--   status, unpublishable: item_status.lua; at: of the answer, as the CMS writes times
--   sought: files that the item was read for, and does not show (late_imports.lua)
--   relist: all that went with what there is not is looked up again, where that is quick
--   dangling: references to items that the CMS does not know
--   answered: updated, as a version; seen: what the answer shows where that is not what was sent
--   heard: the CMS answered the request; closed: that nothing of the collection can be written;
--   no_room: that the plan has no room, for so many that create_most are to be tried next
--   soft: the limits come from 5xx answers, and last until the outage has ended
--   imports: [files, ms]: that the CMS fetched for the request, and how long that took
-- Returns {settled, lost, letters, made}.
--! uses step items references write_history losses item_status publish_wait status_answers item_ids
--! uses rate_headers destination_health
--! on demand dead_letters retirements resting_records creation slices cms_forms locales
--! on demand retirement_answers creation_answers import_pace duplicate_keys late_imports plan_room
--! on demand overtaken

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local dest_key = 'instep:destination:' .. request.destination
-- Before the flight lands, which the budget counts, and before the epoch is read, which may end.
if request.first then
  if given(request.rate) then rate_headers.learn(request.destination, request.rate) end
  for _, told in ipairs(request.health or {}) do destination_health.record(request.destination, told) end
end
if request.last then redis.call('ZREM', 'instep:flight:' .. request.destination, request.claim) end
local epoch = redis.call('HGET', dest_key, 'epoch') or '0'
local copy = request.copy .. losses.copy_suffix()

local lost, letters, told = 0, 0, {}
local made, room_made = request.made, false
local RETIRES = {unpublish = true, delete = true}
local no_room = given(request.no_room)

local function as_set(list)
  local set_of = {}
  for _, name in ipairs(list or {}) do set_of[name] = true end
  return set_of
end

local function mark_written(item, claim, verdict)
  local done, normalised = {}, as_set(verdict.normalised)
  for _, slug in ipairs(verdict.written) do
    local field = item.fields[slug]
    -- What still waits was sent without an item that waits for room.
    if field and field.arrival == claim.fields[slug] and not field.blocked_since
        and not (claim.rest and claim.rest[slug]) then
      if field.state == 'pending' or field.state == 'ignored' then  -- ignored: create_only.lua
        step.count(field.state, -1)
        step.count('written', 1)
        field.state = 'written'
        if normalised[slug] then cms_forms.count_normalised(item, field) end
      end
      if field.repair_at and locales.claimed_since(field, claim) >= field.repair_at then field.repair_at = nil end
      field.confirmed = references.confirmation(field.value, field.link)
      field.misses, field.shown_in, field.shown_since = nil, nil, nil
      items.set(item, 'bad:' .. slug, nil)
      items.set(item, 'late:' .. slug, nil)
      if field.undone and not field.repair_at then field.confirmed, field.flags, field.was_live, field.requests = nil, nil, nil, nil end
      items.touch(item, slug)
      done[#done + 1] = slug
    end
  end
  return done
end

-- A confirmation is a statement about one copy; with another copy the older ones fall.
local function confirm_copy(item)
  if item.meta.copy == copy then return end
  if item.meta.copy then items.forget_confirmations(item) end
  items.set(item, 'copy', copy)
end

local function record_seen(item, claim, verdict)
  local at = given(verdict.answered)
  if not at then return end
  items.set(item, 'answered', at)
  if next(verdict.edited or {}) then cms_forms.note_edits(item, verdict.edited) end
  for slug, arrival in pairs(claim.fields) do
    write_history.note_answer(item.fields[slug], arrival, at, verdict.seen[slug])
    items.touch(item, slug)
  end
end

local function add_dead_letters(item, claim, verdict, attempts)
  for _, death in ipairs(verdict.deaths or {}) do
    local slugs = {}
    death.attempts = attempts
    verdict.absent = verdict.absent or death.kind == 'missing'
    death.absent = death.kind == 'missing' or (request.kind == 'create' and not given(verdict.made))
    for _, slug in ipairs(death.slugs) do
      local field = item.fields[slug]
      if field and field.arrival == claim.fields[slug] and field.state ~= 'dead' then
        if slug == items.GONE then retirements.note_refusal(field) end
        if death.kind ~= 'missing' then items.set(item, 'bad:' .. slug, 1) end
        slugs[#slugs + 1] = slug
      end
    end
    if death.kind == 'missing' and retirements.retire_nothing(item, now) then
      slugs = {}
    elseif death.kind == 'missing' and request.missing == 'ignore' then
      for _, slug in ipairs(slugs) do
        local field = item.fields[slug]
        step.count(field.state, -1)
        step.count('ignored', 1)
        field.state, field.confirmed = 'ignored', nil
        items.touch(item, slug)
      end
    elseif dead_letters.add(item, slugs, death, given(verdict.made) or verdict.id) then
      letters = letters + 1
    end
  end
end

local function record_details(item, claim, verdict)
  for slug, file in pairs(verdict.files or {}) do
    if item.fields[slug] then
      item.fields[slug].file = file
      items.touch(item, slug)
    end
  end
  if given(verdict.sought) then late_imports.forget(item, verdict.sought) end
  for slug in pairs(as_set(verdict.missed)) do
    local field = item.fields[slug]
    if field and field.arrival == claim.fields[slug] then
      field.misses = (field.misses or 0) + 1
      items.touch(item, slug)
    end
  end
  for slug in pairs(as_set(verdict.dangling)) do
    local field = item.fields[slug]
    if field and field.arrival == claim.fields[slug] then
      references.forget_links(field)
      field.misses = (field.misses or 0) + 1
      items.touch(item, slug)
    end
  end
  if verdict.publish then items.set(item, 'publish', 1) end
  status_answers.settle(item, verdict)
  if verdict.forget then
    local place = request.collection .. ':' .. request.index
    retirements.forget_id(place, item.record, verdict.id)
    items.forget_confirmations(item)
    -- A listing may have shown another item of that key while the request was on its way.
    if redis.call('HEXISTS', 'instep:ids:' .. place, item.record) == 0 and not duplicate_keys.take_heir(place, item.record) then
      redis.call('HSET', 'instep:index:' .. place, 'full', 1)
      items.set(item, 'forgotten', 1)
    end
  end
end

-- What the attempt says of the item as a whole: its count, its batch limit, when it goes again.
local function judge_item(item, verdict, fresh)
  local limit = given(verdict.limit)
  if limit then
    items.set(item, 'limit', limit)
    items.set(item, 'epoch', request.soft and epoch or nil)
  end
  local part = given(verdict.part)
  if part then items.set(item, 'part', part ~= '' and part or nil) end
  -- It goes alone since the answer to a batch named it.
  if limit == 1 and part == '' then items.set(item, 'told', 1) end
  if fresh then
    items.set(item, 'due', now)
    return
  end
  items.set(item, 'due', now + math.ceil(verdict.wait_ms or 0))
  if verdict.attempt then items.set(item, 'attempts', tonumber(item.meta.attempts or 0) + 1) end
  if verdict.failed and not item.meta.failed then items.set(item, 'failed', now) end
  if verdict.refused then items.set(item, 'refused', 1) end
end

-- The CMS took the part of a refused batch: then some item of the other one is bad (requests.lua).
local function note_part_taken(part)
  if part and string.sub(part, -1) == 'o' then
    redis.call('SET', 'instep:part:' .. string.sub(part, 1, -2) .. 's', 1, 'PX', 600000)
  end
end

local function reset_failures(item, verdict)
  note_part_taken(item.meta.part)
  -- Named, and taken alone: for a while it is not believed whom the answer to a batch names.
  if item.meta.told then redis.call('HSET', 'instep:collection:' .. request.collection, 'mistold', now) end
  for _, name in ipairs({'attempts', 'failed', 'refused', 'forgotten', 'looked', 'told'}) do
    items.set(item, name, nil)
  end
  if not given(verdict.limit) then
    for _, name in ipairs({'limit', 'epoch', 'part'}) do items.set(item, name, nil) end
  end
  if given(verdict.updated) then items.set(item, 'updated', verdict.updated) end
end

local function doubt_values(item, claim, verdict)
  if RETIRES[request.kind] then
    retirements.doubt(item, now + step.LATE_MS)
  elseif request.kind ~= 'create' then
    for slug in pairs(claim.fields) do items.mark_repair(item, slug, now + step.LATE_MS) end
    local wait = late_imports.note(item, claim, request.items == 1)
    verdict.wait_ms = math.max(verdict.wait_ms or 0, wait)
  end
end

local function settle(verdict)
  if verdict.retired and request.kind == 'delete' then room_made = true end
  local states = given(verdict.variants)
  if states then
    locales.note_variants(request.collection .. ':' .. request.index, verdict.id, states)
    locales.doubt(request.collection .. ':' .. request.index, states)
  end
  local item = items.load(request.collection, verdict.record)
  if not (next(item.meta) or next(item.fields)) then  -- erased since (forget.lua), or merged
    lost = lost + 1
    return
  end
  local claim = items.claim_of(item)
  if not claim or claim.token ~= request.claim then
    -- Somebody claimed the item meanwhile: this request may have landed on either side of his.
    lost = lost + 1
    if request.kind == 'create' then
      creation_answers.settle_late(item, verdict)
    elseif RETIRES[request.kind] then
      retirement_answers.settle_late(item, verdict)
    else
      for _, slug in ipairs(verdict.sent) do items.mark_repair(item, slug, now + step.LATE_MS) end
    end
  else
    if verdict.unknown then doubt_values(item, claim, verdict) end
    if request.kind == 'create' then creation_answers.settle(item, claim.fields, verdict) end
    -- Before a success clears the count: the attempt that condemns is one of those it names.
    local attempts = tonumber(item.meta.attempts or 0) + (verdict.attempt and 1 or 0)
    status_answers.record_answer(item, claim, verdict)
    if verdict.relist then status_answers.look_up_all(verdict) end
    if verdict.retired then verdict.written = retirement_answers.settle(item, claim, verdict) end
    if #verdict.written > 0 then confirm_copy(item) end
    if given(verdict.shown) then locales.note_shown(item, claim, verdict) end
    local done = mark_written(item, claim, verdict)
    if #done > 0 or verdict.retired then reset_failures(item, verdict) end
    for slug in pairs(verdict.unknown and claim.fields or {}) do item.fields[slug].confirmed = nil end
    record_seen(item, claim, verdict)
    add_dead_letters(item, claim, verdict, attempts)
    record_details(item, claim, verdict)
    local fresh = false
    for slug, field in pairs(item.fields) do
      -- What waits for an item it refers to has not come meanwhile.
      local other = request.kind ~= 'look' and field.arrival ~= claim.fields[slug]
      local left = field.blocked_since or (claim.rest and claim.rest[slug])
      if field.state == 'pending' and not left and other then fresh = true end
    end
    judge_item(item, verdict, fresh)
    if given(verdict.made) then made = true end
    if no_room and request.create_most == 0 then items.set(item, 'roomless', 1) end
    items.set(item, 'claim', nil)
    item_status.count_not_live(item)
    told[#told + 1] = {item.record, step.list_text(done)}
  end
  items.schedule(item)
  items.save(item)
  if verdict.absent then resting_records.rest(item) end
end

if given(request.imports) then import_pace.learn(dest_key, request.imports[1], request.imports[2]) end
for _, verdict in ipairs(request.verdicts) do
  settle(verdict)
  -- The batch was refused as a whole: for a while no lane is mixed with another (lanes.lua).
  if given(verdict.limit) or given(verdict.part) then
    redis.call('HSET', 'instep:collection:' .. request.collection, 'refused', now)
  end
  if given(verdict.overwrote) then status_answers.repair_other(verdict) end
end
if item_ids.has_arrived() then references.wake_waiting() end
item_status.note_held_back(request.collection)
if request.heard and request.first then
  publish_wait.note_answer_on_closed(request.collection, request.claim, given(request.closed))
end
if no_room and request.first then
  plan_room.note_refusal(request.collection, no_room, request.create_most)
elseif not no_room and request.kind == 'create' and request.heard and request.last then
  plan_room.note_answer(request.collection, made)
end
for name in pairs(room_made and references.places or {}) do plan_room.try_at_once(name) end
redis.call('HSET', 'instep:index:' .. request.collection .. ':' .. request.index, 'answered', now)
step.note('answered', {destination = request.destination, collection = request.collection,
  token = request.claim, outcome = request.outcome, items = told}, 'items')
return step.answer({settled = #told, lost = lost, letters = letters, made = made or nil})
