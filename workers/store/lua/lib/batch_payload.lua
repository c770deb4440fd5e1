-- Shared, of claim: claims the items of a batch, and makes the payload for the worker.
--! uses calls step items item_schedule batch lanes item_status cms_forms write_history retirement_request file_imports
--! uses publish_wait joined_claims claim_slots retirements bad_items

local given = step.given
local request, now, dest_key
local sources  -- of what is sent, by name
calls.on_begin(function()
  request, now, dest_key = step.request, step.now, step.destination_key
  sources = {}
end)
local MISWARNED_MS = 600000
local MARKS = {'refused', 'forgotten', 'by_new_schema', 'looked'}
local EVENTS = 3  -- ids of events that a worker is told of an item

-- An answer to a batch named an item that was good.
local function is_mistold(name)
  return (step.sane(redis.call('HGET', 'instep:collection:' .. name, 'mistold'), 0) or 0) > now - MISWARNED_MS
end

-- The tags of the locales that a batch names, by cmsLocaleId; false where it names none.
local function locale_tags(picked)
  for _, pick in ipairs(picked) do
    if pick.to then return {tags = pick.to.tags, primary = pick.to.primary} end
  end
  return false
end

-- Whether others got through since it was tried, or nothing says that they do not.
local function is_healthy(item, dest)
  if not item.meta.tried then return (tonumber(dest.failures) or 0) == 0 end
  return tonumber(dest.last_success or 0) > tonumber(item.meta.tried)
end

-- Ids of the events that gave what is sent, for the log: mostly one; nil: none has any.
local function event_ids(pick)
  local ids, last
  for _, sent in ipairs(pick.send) do
    local id = pick.item.fields[sent.slug].event
    if id and id ~= last then
      ids, last = ids or {}, id
      ids[#ids + 1] = id
      if #ids == EVENTS then break end
    end
  end
  return ids
end

-- What a worker needs of an item that it is to send; what is not said is false, 0 or none.
local function item_payload(pick, dest)
  local item, meta = pick.item, pick.item.meta
  local payload = {record = item.record, id = pick.id, size = item.size, fields = pick.send, limit = pick.limit,
    healthy = is_healthy(item, dest), fresh = not meta.failed, forms = cms_forms.of_fields(item, pick.send),
    variants = pick.to and pick.to.entries, events = event_ids(pick)}
  if meta.attempts then payload.attempts = tonumber(meta.attempts) end
  for n = 1, #MARKS do
    if meta[MARKS[n]] then payload[MARKS[n]] = true end
  end
  if meta.taken then payload.taken = meta.taken end
  if meta.passed then payload.passed = meta.passed end
  if meta.failed then payload.failed_ms = math.max(0, now - tonumber(meta.failed)) end
  if retirements.is_put_back(item) then payload.was_live = true end
  if meta.unpublishable and meta.unpublishable == item_status.sign_of(pick.status) then payload.unpublishable = true end
  return payload
end

-- Of a request of *kind*.
local function save_claim(kind, pick)
  local item, held = pick.item, {}
  for _, field in ipairs(kind == 'look' and {} or pick.send) do
    held[field.slug] = field.arrival
    -- From here on it is unknown what the CMS holds, until this claim is settled.
    item.fields[field.slug].confirmed = nil
    sources[item.fields[field.slug].source or ''] = true
    write_history.note_sent(item.fields[field.slug])
    items.touch(item, field.slug)
  end
  items.set_claim(item, {kind = kind, token = request.token, at = now, till = now + step.CLAIM_MS,
    fields = held, rest = pick.to and pick.to.rest})
  if kind ~= 'look' then
    retirement_request.note_sent(item, held, kind, pick.status)
    items.set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    if kind ~= 'create' then items.set(item, 'publish', nil) end
  end
  item_status.count_not_live(item)
  item_schedule.place(item)
  items.save(item)
end

local function source_names()
  local names = {}
  for name in pairs(sources) do names[#names + 1] = name ~= '' and name or nil end
  return names[1] and names
end

-- Claims what was picked of *set_of*, whose own are the first *own*.
local function hand_out(set_of, own)
  local payloads, how, collection = {}, batch.how, set_of.collection
  for _, pick in ipairs(batch.picked) do
    payloads[#payloads + 1] = item_payload(pick, batch.dest)
    save_claim(how.kind, pick)
  end
  if not given(request.joins) then claim_slots.take(set_of.lane) end
  file_imports.begin(dest_key, batch.flight, batch.turn)
  if collection.single and how.kind ~= 'look' then publish_wait.begin_try(collection, request.token) end
  redis.call('HSET', dest_key, 'turn', 'index')
  local joins = joined_claims.next_join(set_of, own)
  joined_claims.note_gathering(dest_key, set_of.key, joins)
  return step.answer({step = 'batch', collection = collection.name, items = payloads,
    kind = how.kind, staged = how.staged, look = how.look, locales = locale_tags(batch.picked),
    imports = batch.turn.taken, mistold = is_mistold(collection.name), group = bad_items.group_of(collection.held, joined_claims.own_of(own)),
    sources = source_names(), trial = batch.trial and not batch.blind, joins = joins,
    more = set_of.due > own or lanes.first_due('live', batch.open) == now, at = now}, step.CLAIM_MS)
end

return {hand_out = hand_out}
