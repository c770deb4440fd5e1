-- Shared: what of an item a request carries, and with how many others.
--! uses calls step items file_types item_schedule retirements creation references locales listing_schedule late_imports pauses
--! uses bad_items

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local requests = {}

-- Pictures in a rich text are imported, too.
local function holds_files(field)
  return file_types.IMPORTED[field.type] or (field.type == 'richtext' and string.find(field.value, '<img', 1, true) ~= nil)
end

-- A value for the worker; the usual case is left out, for a claim carries thousands.
local function entry_of(slug, field, value)
  local entry = {slug = slug, value = value, type = field.type, arrival = field.arrival, since = field.since or 0}
  if field.state ~= 'pending' then entry['repair'] = true end
  if field.misses then entry.misses = field.misses end
  if field.same_file then entry.same = true end
  return entry
end

function requests.fields_to_send(item)
  local send, files, options, any = {}, false, false, false
  for slug, field in pairs(item.fields) do
    local repair = items.wants_repair(field) and field.repair_at <= now
    if (field.state == 'pending' or repair) and not pauses.holds(field) then
      any = true
      local entry = entry_of(slug, field, retirements.value_sent(field))
      if field.file then entry.file = field.file end
      if not repair and late_imports.is_late(item, slug, field) then entry.late = true end
      send[#send + 1] = entry
      files = files or holds_files(field)
      options = options or field.type == 'option'
    end
  end
  table.sort(send, function(a, b) return a.slug < b.slug end)
  return any and references.resolve(item, send) or nil, files, options
end

-- Its last value of a field was refused, or its item was not known: it goes alone, and spoils no batch.
local function has_refused(item, send)
  for _, field in ipairs(send) do
    if item.meta['bad:' .. field.slug] or field.late or (field.link and (field.misses or 0) > 0) then return true end
  end
  return false
end

-- *epoch*: how many outages the destination has come out of.
function requests.limit_of(item, send, epoch)
  if has_refused(item, send) then return 1 end
  local limit = tonumber(item.meta.limit)
  if not limit then return request.batch end
  -- A limit from 5xx answers is forgotten once an outage has ended: it judged the wrong party.
  if item.meta.epoch and item.meta.epoch ~= epoch then return request.batch end
  return math.min(limit, request.batch)
end

function requests.item_id(item, collection)
  if item.meta.by ~= 'key' then return item.record end
  return redis.call('HGET', 'instep:ids:' .. collection.name .. ':' .. collection.index, item.record)
    or nil
end

function requests.without_options(send)
  local rest = {}
  for _, field in ipairs(send) do
    if field.type ~= 'option' then rest[#rest + 1] = field end
  end
  return rest
end

-- All that is held of an item; what the CMS held of an earlier one counts for nothing.
-- *primary*: the tag of the primary locale, where it is known: an item is made in that one alone.
function requests.fields_to_create(item, primary)
  local send, files = {}, false
  for slug, field in pairs(item.fields) do
    local tag = locales.tag_of(slug)
    if slug ~= items.GONE and creation.goes_into_new(field) and (not tag or string.lower(tag) == primary) then
      send[#send + 1] = entry_of(slug, field, field.value)
      files = files or holds_files(field)
    end
  end
  table.sort(send, function(a, b) return a.slug < b.slug end)
  return references.resolve(item, send), files
end

-- Neither is to be seen: such an item is created as a staged copy alone.
local function is_held_back(item)
  return creation.held_text(item, '_draft') == 'true' or creation.held_text(item, '_archived') == 'true'
end

local told  -- of the parts, in this step
calls.on_begin(function() told = {} end)

-- instep:part:<part>  of suspects, for a while; what is not known costs a request, no more:
--   1: the CMS took the other part; left <ms>: it refused that, then (item_attempts.lua)
local function told_of(part)
  if told[part] == nil then told[part] = redis.call('GET', 'instep:part:' .. part) or '' end
  return told[part]
end

local POOL_MS = 20000  -- for so long what a search leaves over waits for its end

-- Suspects who are none any more, since the other part was refused: they go with any others, and all that
-- the search leaves over together, or in groups where several of them are bad most likely. *due*: so many are
-- there. Returns the ms until which they wait for that; nil: they go now.
function requests.leave_pool(item, collection, due)
  local left = item.meta.part and string.match(told_of(item.meta.part), '^left (%d+)$')
  if not left then return nil end
  local till = math.min(step.sane(collection.held.search, POOL_MS) or now, (step.sane(left, 0) or 0) + POOL_MS)
  if till > now then return till end
  items.set(item, 'part', nil)
  items.set(item, 'limit', bad_items.group_of(collection.held, math.min(due, request.batch)))
  items.set(item, 'pooled', (tonumber(item.meta.pooled) or 0) + 1)
end

-- Suspects whose other part the CMS took: one of them is bad, and so half of them at most go at once. The
-- rest are the suspects of that half.
function requests.halve_suspects(collection, picked, token)
  local part = picked[1].item.meta.part
  if not part or #picked < 2 or picked[1].limit < 2 or told_of(part) ~= '1' then
    return
  end
  local own = 'h' .. string.sub(token, 1, 12)
  local group = bad_items.group_of(collection.held, #picked) or #picked
  local stay = #picked - math.min(math.floor(#picked / 2), group)
  for place = #picked, 1, -1 do
    local item = picked[place].item
    items.set(item, 'part', own .. (place > stay and 'o' or 's'))
    if place <= stay then
      items.set(item, 'due', now + 1)
      item_schedule.place(item)
      items.save(item)
      table.remove(picked, place)
    end
  end
end

-- How an item is sent: {kind, look, files, staged, suspect, part}.
-- kind: 'update', 'create', 'publish' (what was written staged is made live), 'unpublish', 'delete'; or
--   'look': its status is read, and *look* says why (item_status.lua)
-- staged: of an update, a publish or a creation: the staged copies alone are written
-- suspect: not as many go together as may
-- part: '' or: what was refused together with others goes with those of its part alone
function requests.how(kind, files, look)
  return {kind = kind, files = files or false, look = look or ''}
end

function requests.complete(own, item, limit, to)
  own.staged, own.suspect = false, limit < request.batch
  own.part = limit > 1 and item.meta.part or ''
  if own.kind == 'create' then
    own.staged = is_held_back(item)
  elseif own.kind == 'update' or own.kind == 'publish' then
    own.staged = item.meta.staged ~= nil
    if to then own.staged = to.staged end
  end
end

-- Whether two items go together in one request.
function requests.go_together(one, other)
  return one.kind == other.kind and one.staged == other.staged and one.files == other.files
    and one.suspect == other.suspect and one.part == other.part and one.look == other.look
end

-- How many entries of a request of *kind* an item takes: one for each of its variants that is written.
function requests.size_of(to, kind)
  return to and (kind == 'create' or kind == 'update') and #to.entries or 1
end

-- missing: the collection whose schema is to be read first; needed: something waits for it
local schemas  -- by collection: {whether it is known, ms before which it is not read again, whether it is doubted}
calls.on_begin(function() requests.schema, schemas = {}, {} end)

-- The same for all items that a step looks at.
local function schema_of(collection)
  local found = schemas[collection.name]
  if not found then
    local place = collection.name .. ':' .. collection.index
    local held = redis.call('HMGET', 'instep:index:' .. place, 'schema_next', 'schema_doubted')
    found = {redis.call('EXISTS', 'instep:schema:' .. place) == 1, held[1] or now, held[2]}
    schemas[collection.name] = found
  end
  return found[1], found[2], found[3]
end

-- Whether the schema is known; if it is not, *schema_missing* says whose is to be read.
-- *needed*: an option or a new item waits for it. Else it is only wanted, and no GET that fails
-- stops a write.
function requests.is_schema_known(collection, needed, blind, trial)
  local known, next_at, doubted = schema_of(collection)
  if known and not doubted then return true end
  needed = needed and not known
  local at = step.sane(next_at, 30000)
  if at <= now and not blind and (needed or not trial) then
    requests.schema.missing, requests.schema.needed = collection, requests.schema.needed or needed
  elseif needed then
    listing_schedule.note_due(at)
  end
  return known
end

return requests
