-- Shared, of claim: which items of a due set go together by one request.
--! uses calls step items item_schedule creation references create_only filters variant_choice item_status
--! uses requests lanes retirement_request plan_room file_imports pauses listing_schedule retirements

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local LOOKS = 400  -- items that one claim looks at, in as many steps as that takes

local batch = {LOOKS = LOOKS}
calls.on_begin(function()
  -- Set by the step before it looks at any item: what is known of the destination; its collections that are not paused.
  batch.dest, batch.flight, batch.turn, batch.open = nil, nil, nil, nil
  batch.trial = false  -- one request tries whether it is back
  batch.blind = false  -- a GET has just failed
  batch.fresh_only = false  -- one request tries, of an item that has not failed alone
  batch.spare = false  -- passes over items that failed alone, while there are others
  batch.how, batch.room = nil, nil  -- how it is sent (requests.lua); entries that the request may take
  batch.picked = {}
  batch.filled = 0  -- entries
  batch.looked = given(request.looked) and request.looked.items or 0  -- at so many, in this step and those before it
  batch.effort = 0  -- of this step so far, in the units of request.most
end)

-- What it takes to read an item, to hand out a value of it, and to put an item back
-- (workers/store/claims.py).
local EFFORT = {item = 10, value = 3, back = 40}
function batch.has_done_enough() return batch.effort >= (batch.is_whole() and request.whole or request.most) end

-- Whether one step claims all of it: it is a trial, or what is picked depends on how much there is (requests.lua).
function batch.is_whole() return batch.trial or (batch.how ~= nil and batch.how.part ~= '') end

local function put_back(item)
  batch.effort = batch.effort + EFFORT.back
  item_schedule.place(item)
  items.save(item)
end

-- What was taken is not sent now. What was done to it meanwhile stands: a value that went into a dead
-- letter would go into another one, and be counted twice.
function batch.put_back_picked()
  for _, pick in ipairs(batch.picked) do
    if items.is_altered(pick.item) then put_back(pick.item) end
  end
end

-- Whether an item is in no other claim, nor to be passed over.
local function is_free(item, set_of)
  if batch.spare and item.meta.failed then return false end
  if set_of.filler and (item.meta.failed or item.meta.refused) then return false end
  if not item.meta.claim then return true end
  if items.live_claim(item) then
    put_back(item)
    return false
  end
  creation.expire_claim(item)
  return true
end

-- Forgets an id that is wrong most likely, as after a restored backup: so were those of two requests, and
-- the listing that was asked for then has not shown it (status_answers.lua).
local function forget_doubted(item, collection, id)
  local place = collection.name .. ':' .. collection.index
  local till = item.meta.by == 'key' and step.sane(collection.held.relisted, step.CLAIM_MS)
  if not till or till <= now or redis.call('SISMEMBER', 'instep:listed:' .. place, id) == 1 then return false end
  retirements.forget_id(place, item.record, id)
  items.forget_confirmations(item)
  items.set(item, 'forgotten', 1)
  creation.look_up_again(item)
  return true
end

-- Where nothing can be sent of an item now, these put it back, and return nil.
local function fields_to_create(item, collection, how)
  if pauses.holds_any(item) or creation.refuse_incomplete(item) then return put_back(item) end
  local send
  send, how.files = requests.fields_to_create(item, variant_choice.primary_tag(collection, item))
  if how.kind ~= 'look' then how.kind = 'create' end
  -- The schema says whether the key of a new item is a number.
  if not requests.is_schema_known(collection, true, batch.blind, batch.trial) then return items.save(item) end
  if references.waits_whole(item, collection.name .. ':' .. collection.index) then return put_back(item) end
  if plan_room.has_room(collection, item.record) then
    variant_choice.note_creation(collection)
    return send
  end
  items.set(item, 'roomless', 1)
  put_back(item)
end

local function fields_to_write(item, collection, send, options)
  if #send == 0 then return put_back(item) end
  local known = not (options or collection.preflight)
    or requests.is_schema_known(collection, options, batch.blind, batch.trial)
  if known or not options then return send end
  send = requests.without_options(send)
  if #send > 0 then return send end
  items.save(item)
end

local function limit_of(item, collection, id, send, how)
  local limit = how.look == 'alone' and 1 or requests.limit_of(item, send, batch.dest.epoch or '0')
  if collection.single then limit = 1 end
  return id and limit or math.min(limit, collection.create_most or limit)
end

-- Adds an item to the batch, where it goes together with those that are in it.
local function pick(set_of, item, picked, how)
  local size = requests.size_of(picked.to, how.kind)
  local imports = how.kind == 'look' and 0 or file_imports.count_files(picked.send) * size
  if imports > 0 and not file_imports.may_import(batch.turn, batch.flight) then
    batch.looked = batch.looked + 4
    file_imports.postpone(item, batch.turn, set_of.due or 0)
    return put_back(item)
  end
  local room = math.min(batch.room or picked.limit, picked.limit)
  if batch.how and (not requests.go_together(how, batch.how) or batch.filled + size > room) then
    return items.save(item)
  end
  if batch.filled > 0 and imports > 0 and batch.turn.taken + imports > batch.turn.room then
    batch.room = batch.filled
    return items.save(item)
  end
  batch.how, batch.room, batch.filled = how, room, batch.filled + size
  batch.turn.taken = batch.turn.taken + imports
  batch.effort = batch.effort + EFFORT.value * #picked.send
  batch.picked[#batch.picked + 1] = picked
end

local function consider(set_of, record)
  local collection = set_of.collection
  local item = items.load(collection.name, record)
  batch.looked = batch.looked + 1
  batch.effort = batch.effort + EFFORT.item + item.size
  if not is_free(item, set_of) then return end
  local id = requests.item_id(item, collection)
  if id then create_only.ignore(item) end
  local status = id and item_status.load(collection.name .. ':' .. collection.index, id)
  local send, how, options = retirement_request.request_of(item, status)
  if not send then return put_back(item) end
  if id and forget_doubted(item, collection, id) then
    return put_back(item)
  elseif id then
    creation.finish(item)
    send = fields_to_write(item, collection, send, options)
  elseif collection.create and creation.is_to_be_created(item) then
    send = fields_to_create(item, collection, how)
  else
    creation.look_up_again(item)
    filters.add_record(collection, item)
    return put_back(item)
  end
  if not send then return end
  local till = requests.leave_pool(item, collection, set_of.due or request.batch)
  if till then
    items.set(item, 'due', till)
    listing_schedule.note_due(till)
    return put_back(item)
  end
  local writes = how.kind == 'update' or how.kind == 'publish'
  if id and writes then item_status.stage_unpublished(item, status) end
  local limit, to = limit_of(item, collection, id, send, how), nil
  if id and how.kind ~= 'look' then
    send, to = variant_choice.choose(item, collection, id, send, limit, not writes and how.kind or nil)
    if not send then return put_back(item) end
  end
  requests.complete(how, item, limit, to)
  pick(set_of, item, {item = item, id = id or '', send = send, limit = limit, status = status, to = to}, how)
end

-- Looks at *records*; returns at how many: the batch may be full, or enough is done, before their end.
local function consider_page(set_of, records)
  for n, record in ipairs(records) do
    if (batch.room and batch.filled >= batch.room) or batch.has_done_enough() then return n - 1 end
    consider(set_of, record)
  end
  return #records
end

-- set_of.passed: of what is due, from its begin: entries that were looked at, and stay there for now
function batch.claim_items(set_of)
  local most = batch.looked + LOOKS
  while batch.looked < most and not batch.has_done_enough() do
    local records = redis.call('ZRANGEBYSCORE', set_of.key, '-inf', now, 'LIMIT', set_of.passed, 100)
    if #records == 0 then break end
    local before = redis.call('ZCOUNT', set_of.key, '-inf', now)
    local looked = consider_page(set_of, records)
    -- What left the due set while we looked makes the next page start earlier.
    local left = before - redis.call('ZCOUNT', set_of.key, '-inf', now)
    set_of.passed = set_of.passed + looked - left
    if looked < #records then break end
  end
end

-- The room that live changes leave goes to a reconcile: the request costs the same. Not to replays:
-- they may have been refused before.
function batch.fill_up(set_of)
  if set_of.lane == 'live' and not pauses.is_lane_paused('reconcile') and batch.filled < batch.room and lanes.may_be_filled(set_of.collection, batch.how) then
    local filler = {filler = true, collection = set_of.collection, passed = set_of.filler_passed,
      key = 'instep:due:' .. set_of.collection.name .. ':reconcile'}
    batch.claim_items(filler)
    set_of.filler_passed = filler.passed
  end
end

return batch
