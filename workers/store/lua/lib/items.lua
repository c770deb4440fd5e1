-- An item: its fields and what else is held of it, and when it is due.
--
-- instep:item:<collection>:<record>  hash: a field each ("f:<slug>", field_codes.lua), but at rest the short ones
-- in one ("f:", field_pack.lua; what has a name of its own besides is newer), what was left out of an event
-- ("o:<slug>", left_out.lua), and what else is known of the item, meta:
--   shown: the key as it came last, where that is not the record, its normal form
--   named: the slug in the last answer, where a write-back is to tell it
--! uses calls step field_codes field_pack search_marks

local now
calls.on_begin(function() now = step.now end)
local items = {}
items.GONE = field_codes.GONE
local FIELD, COLON = string.byte('f:', 1, 2)  -- no other names have a colon there
items.FLAGS = {_archived = true, _draft = true}
local SEARCHED = {name = true, slug = true}  -- fields by whose values a record is found

function items.load(collection, record)
  local key = 'instep:item:' .. collection .. ':' .. record
  local item = {key = key, collection = collection, record = record, meta = {}, fields = {}, left = {},
    touched = {}, changed = {}, relinked = {}, apart = {}}
  local flat, pack = redis.call('HGETALL', key), nil
  item.size = #flat / 2
  for i = 1, #flat, 2 do
    local name = flat[i]
    if string.byte(name, 2) ~= COLON then
      item.meta[name] = flat[i + 1]
    elseif name == 'f:' then
      pack = flat[i + 1]
    else
      local slug = string.sub(name, 3)
      local of_kind = string.byte(name) == FIELD and item.fields or item.left
      of_kind[slug] = field_codes.decode(flat[i + 1], slug)
      if of_kind == item.fields then item.apart[slug] = true end
    end
  end
  if pack then
    item.parts = field_pack.decode(pack, item.fields)
    for _, part in ipairs(item.parts) do item.size = item.size + part.rows end
  end
  return item
end

calls.on_begin(function() items.loaded = {} end)  -- those that `of` has read, by collection:record

-- The item of *place*, {collection, record}, read once in a step.
-- request.assumed: {item: {slug: field}}: what the steps of a dry run before this one would have stored
function items.of(place)
  local name = place.collection .. ':' .. place.record
  local item = items.loaded[name]
  if item then return item end
  item = items.load(place.collection, place.record)
  for slug, text in pairs(step.given(step.request.assumed) and step.request.assumed[name] or {}) do
    item.fields[slug] = field_codes.decode(text, slug)
  end
  items.loaded[name] = item
  return item
end

function items.set(item, name, value)
  if item.meta[name] == value then return end
  item.meta[name] = value
  item.changed[name] = true
end

-- *names*: a list that is made once: most items have none of them.
function items.clear(item, names)
  local meta = item.meta
  for n = 1, #names do
    if meta[names[n]] ~= nil then items.set(item, names[n], nil) end
  end
end

function items.touch(item, slug)
  item.touched[slug] = true
end

-- Each state is a counter of P4; how many values have come to it is counted by source as well.
function items.count_state(collection, source, state)
  step.count(state, 1)
  step.measure('values:' .. (source or '') .. ':' .. collection .. ':' .. state, 1)
end

function items.set_state(item, slug, state)
  local field = item.fields[slug]
  step.count(field.state, -1)
  items.count_state(item.collection, field.source, state)
  field.state = state
  items.touch(item, slug)
end

-- Call it before *value*, JSON text, takes the place of what a field holds.
function items.note_value(item, slug, value)
  if not SEARCHED[slug] then return end
  local held = item.fields[slug]
  if not held or held.value ~= value then item.renamed = true end
end

-- Its record is no more: whoever loads it has deleted its hash, or is about to.
function items.note_gone(item) search_marks.note(item.collection, item.record) end

-- A value goes out again.
function items.wait_again(item, slug)
  local field = item.fields[slug]
  items.set_state(item, slug, 'pending')
  field.since, field.misses = now, nil
end

function items.is_altered(item)
  return next(item.touched) or next(item.changed) or next(item.relinked)
end

local function put_apart(item, put, slug)
  put[#put + 1], put[#put + 2] = 'f:' .. slug, field_codes.encode(item.fields[slug])
  item.apart[slug] = true
end

-- Whether a field stands in the pack alone.
local function needs_pack(item)
  for _, part in ipairs(item.parts) do
    for _, slug in ipairs(part.live) do
      if not item.apart[slug] then return true end
    end
  end
  return false
end

local function put_fields(item, put, gone)
  for slug in pairs(item.touched) do put_apart(item, put, slug) end
  if item.parts and not needs_pack(item) then
    gone[#gone + 1], item.parts = 'f:', nil
  end
end

function items.save(item)
  local put, gone = {}, {}
  if item.renamed or (item.size == 0 and not item.is_noted) then
    search_marks.note(item.collection, item.record)
    item.renamed, item.is_noted = nil, true
  end
  put_fields(item, put, gone)
  for name in pairs(item.changed) do
    local value = item.meta[name]
    if value == nil then
      gone[#gone + 1] = name
    else
      put[#put + 1] = name
      put[#put + 1] = tostring(value)
    end
  end
  for slug in pairs(item.relinked) do
    local link = item.left[slug]
    if link then
      put[#put + 1] = 'o:' .. slug
      put[#put + 1] = field_codes.encode(link)
    else
      gone[#gone + 1] = 'o:' .. slug
    end
  end
  if #gone > 0 then redis.call('HDEL', item.key, unpack(gone)) end
  step.call_in_parts('HSET', item.key, put)
  -- It was known for what could not be read of it alone.
  if next(item.relinked) and not (next(item.fields) or next(item.left) or item.meta.held) then
    redis.call('DEL', item.key)
    items.note_gone(item)
  end
  item.touched, item.changed, item.relinked = {}, {}, {}
end

function items.save_loaded()
  for _, item in pairs(items.loaded) do
    if items.is_altered(item) then items.save(item) end
  end
end

-- A claim: {kind (requests.lua), token, at, till: ms, fields: slug → arrival number, rest: slugs of which
-- not all was sent}. Of its kind the stored form tells what matters once it is over, in the words that
-- every release reads: retire and create.
function items.set_claim(item, claim)
  local kind = claim.kind
  item.claim = claim
  items.set(item, 'claim', cjson.encode({token = claim.token, at = claim.at, till = claim.till,
    fields = claim.fields, rest = claim.rest, create = kind == 'create' or nil,
    retire = (kind == 'unpublish' or kind == 'delete') and kind or nil}))
end

-- The claim of an item, be it over or not.
function items.claim_of(item)
  if not item.meta.claim then return nil end
  if not item.claim then
    local claim = cjson.decode(item.meta.claim)
    claim.kind = claim.retire or claim.create and 'create' or 'update'
    item.claim = claim
  end
  return item.claim
end

-- That claim while it lasts; nil once it has run out.
function items.live_claim(item)
  local claim = items.claim_of(item)
  if not claim then return nil end
  if claim.till > now and claim.till <= now + step.CLAIM_MS then return claim end
  return nil
end

-- What is not confirmed any more still shows the value that was written (before_values.lua).
local function own_value(item) return {a = item.meta.answered or '', o = 1} end

-- What the CMS was known to hold is no longer certain.
-- *own*: whether it was published is, and nobody has edited it.
function items.forget_confirmations(item, own)
  for slug, field in pairs(item.fields) do
    if field.confirmed or (not own and (field.told or field.before)) then
      field.told, field.before = own and (field.confirmed and own_value(item) or field.told) or nil, own and field.before or nil
      field.confirmed = nil
      items.touch(item, slug)
    end
  end
end

-- The retirement of an item whose record is gone, and not back.
function items.in_force(item)
  local gone = item.fields[items.GONE]
  return gone and not gone.undone and gone or nil
end

function items.mark_repair(item, slug, at)
  local field, gone = item.fields[slug], items.in_force(item)
  if not field then return end
  -- What a retirement overrules, it puts right.
  if gone and gone.value ~= '"keep"' and (items.FLAGS[slug] or gone.value == '"delete"') then
    field, slug = gone, items.GONE
  end
  field.repair_at = math.max(field.repair_at or 0, at)
  if field.confirmed then field.told = own_value(item) end
  field.confirmed, field.shown_in = nil, nil
  items.touch(item, slug)
end

function items.wants_repair(field)
  -- A mark on a value that is dead, discarded or ignored waits for the next value.
  return field.repair_at and (field.state == 'written' or field.state == 'unchanged'
    or (field.create_only and field.state == 'ignored') or (field.undone and field.state == 'superseded'))
end

-- The slugs of what is to be sent, now or later.
function items.unsent_slugs(item)
  local slugs = {}
  for slug, field in pairs(item.fields) do
    if field.state == 'pending' or items.wants_repair(field) then slugs[#slugs + 1] = slug end
  end
  table.sort(slugs)
  return slugs
end

return items
