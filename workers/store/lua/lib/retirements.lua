-- Shared: that a record is gone at its source. It is held as one more value of its item, under the
-- slug ':gone', and stays as a tombstone: what is older than it is stale, what is newer undoes it.
-- Its value says how the item is retired: "archive" "draft" "unpublish" "delete" "keep". What undoes it
-- takes back its flags; without a number of requests, an older release sent them, and the item is taken
-- for one that was live.
-- hold of an item: until this ms a request may land that takes it away; nothing else is sent.
-- instep:tombstones  sorted set: <collection>:<record> of items that are not there, by the ms since
--! uses calls step items arrivals inferred_retirements dead_letters life_entries

local now
calls.on_begin(function() now = step.now end)

local retirements = {}

-- A deletion overrules all that is older, any other way what the item's status was to be.
function retirements.overrule_fields(item, gone)
  local deleted = gone.value == '"delete"'
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and (deleted or items.FLAGS[slug]) then
      dead_letters.supersede(item, slug)
      -- A request that may still land is put right by the retirement; one that is out settles
      -- nothing of what it carries.
      if field.repair_at then gone.repair_at = math.max(gone.repair_at or 0, field.repair_at) end
      field.repair_at, field.confirmed, field.arrival = nil, nil, gone.arrival
      if deleted then field.deleted_by = field.deleted_by or gone.arrival end
      items.touch(item, slug)
    end
  end
end

-- Puts the retirement *gone* into its place; returns its fate, or 'pending'.
function retirements.retire(item, gone, copy)
  local held = item.fields[items.GONE]
  local again = false
  if held then
    inferred_retirements.keep_real(gone, held)
    dead_letters.supersede(item, items.GONE)
    gone.repair_at, gone.flags, gone.was_live = held.repair_at, held.flags, held.flags and (held.was_live or not held.requests and 1) or nil
    if not held.undone and held.value == gone.value then
      gone.unpublished, gone.delete_sent = held.unpublished, held.delete_sent
      again = held.confirmed and not held.repair_at and item.meta.copy == copy
      if again then gone.confirmed = held.confirmed end
    end
  end
  if gone.value == '"keep"' then gone.repair_at = nil end
  item.fields[items.GONE] = gone
  items.touch(item, items.GONE)
  if again or gone.value == '"keep"' then return 'unchanged' end
  retirements.overrule_fields(item, gone)
  return 'pending'
end

-- The record is back. What the CMS may show of its retirement is taken back as repairs are made:
-- no source sent a value for it.
function retirements.undo_retirement(item)
  local gone = items.in_force(item)
  if not gone then return end
  local doubted = gone.repair_at
  life_entries.note_back(item)
  dead_letters.supersede(item, items.GONE)
  gone.undone, gone.confirmed, gone.unpublished, gone.repair_at, gone.misses = 1, nil, nil, nil, nil
  gone.retired_arrival, gone.arrival = gone.arrival, arrivals.next()
  items.touch(item, items.GONE)
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and gone.value == '"delete"' then
      if doubted then items.mark_repair(item, slug, doubted) end
      -- The item is what it was; what was overruled before it was sent, it never had.
      if not gone.delete_sent and field.state ~= 'superseded' then field.deleted_by = nil end
      items.touch(item, slug)
    elseif slug ~= items.GONE and field.state == 'superseded' and not field.deleted_by and not items.FLAGS[slug] then
      -- No item was there to show it (retire_nothing): the one that is made now does.
      items.wait_again(item, slug)
    end
  end
  for flag in pairs(gone.flags or {}) do
    local own = item.fields[flag]
    if own and (own.state == 'written' or own.state == 'unchanged') then
      -- What a mapping says of its status counts more than that it was another before.
      items.mark_repair(item, flag, math.max(now, doubted or 0))
      gone.flags[flag] = nil
    else
      gone.repair_at = math.max(now, doubted or 0)
    end
  end
  if gone.flags and not next(gone.flags) then gone.flags = nil end
end

-- Its retirement is taken back, and has taken it off the site.
function retirements.is_put_back(item)
  local gone = item.fields[items.GONE]
  return gone ~= nil and gone.undone == 1 and gone.flags ~= nil and (gone.was_live == 1 or not gone.requests)
end

-- The first request for it was refused: the CMS shows nothing of it.
function retirements.note_refusal(gone)
  if gone.undone or gone.repair_at or gone.unpublished or gone.state ~= 'pending' then return end
  for flag, arrival in pairs(gone.flags or {}) do
    if arrival == gone.arrival then gone.flags[flag] = nil end
  end
  if gone.flags and not next(gone.flags) then gone.flags = nil end
  if not gone.flags then gone.was_live, gone.requests = nil, nil end
end

-- Flags of the CMS by the letters of a status (item_status.lua).
retirements.FLAG_OF = {a = '_archived', d = '_draft'}

-- *status* shows no longer what a retirement did: an editor has undone it, and it is not taken back.
function retirements.drop_undone(gone, status)
  if not gone.flags or gone.repair_at then return false end
  local any = false
  for letter, flag in pairs(retirements.FLAG_OF) do
    if gone.flags[flag] and not string.find(status.flags, letter, 1, true) then
      gone.flags[flag], any = nil, true
    end
  end
  if not next(gone.flags) then gone.flags = nil end
  return any
end

function retirements.note_undone(item, status)
  local gone = items.in_force(item)
  if not gone or gone.state == 'pending' or not retirements.drop_undone(gone, status) then return end
  gone.confirmed = nil
  items.touch(item, items.GONE)
end

-- A request that takes the item away had no answer, or came to its end unseen: it may land until
-- *till*, and nothing may be written that it could take along.
function retirements.doubt(item, till)
  items.set(item, 'hold', math.max(tonumber(item.meta.hold) or 0, till))
end

-- A creation is taken back: its item is unpublished, and archived then.
function retirements.takes_creation_back(gone)
  return gone.undo ~= nil and gone.type == 'gone' and gone.value == '"unpublish"' and not gone.undone
end

-- What is sent of a field; of a retirement that was undone, the flags that are taken back.
function retirements.value_sent(field)
  if field.undo and retirements.takes_creation_back(field) then return '"archive"' end
  if not field.undone then return field.value end
  local flags = {}
  for flag in pairs(field.flags or {}) do flags[#flags + 1] = flag end
  return step.list_text(flags)
end

-- No item is there: there is nothing to retire, nor to write what came before.
function retirements.retire_nothing(item, since)
  local gone = items.in_force(item)
  if not gone then return false end
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE then
      dead_letters.supersede(item, slug)
      field.repair_at, field.confirmed = nil, nil
      items.touch(item, slug)
    end
  end
  if gone.state == 'pending' then items.set_state(item, items.GONE, 'unchanged') end
  gone.confirmed, gone.flags, gone.was_live, gone.requests = nil, nil, nil, nil
  if gone.repair_at and gone.repair_at <= since then gone.repair_at = nil end
  items.touch(item, items.GONE)
  redis.call('ZADD', 'instep:tombstones', now, item.collection .. ':' .. item.record)
  return true
end

local OF_ITEM = {'staged', 'publish', 'updated', 'hold', 'limit', 'epoch', 'look', 'looked', 'unpublishable'}

-- An item that was deleted: nothing that was known of it says anything of the next one.
function retirements.forget_item(item)
  for slug, field in pairs(item.fields) do
    field.confirmed, field.repair_at, field.file, field.history, field.misses = nil, nil, nil, nil, nil
    items.touch(item, slug)
  end
  local gone = item.fields[items.GONE]
  gone.flags, gone.was_live, gone.requests, gone.unpublished = nil, nil, nil, nil
  items.clear(item, OF_ITEM)
  if not gone.undone then
    redis.call('ZADD', 'instep:tombstones', now, item.collection .. ':' .. item.record)
  end
end

function retirements.forget_id(place, record, id)
  local ids, keys = 'instep:ids:' .. place, 'instep:keys:' .. place
  if redis.call('HGET', ids, record) == id then redis.call('HDEL', ids, record) end
  if redis.call('HGET', keys, id) == record then redis.call('HDEL', keys, id) end
  for _, kind in ipairs({'status:', 'born:'}) do redis.call('HDEL', 'instep:' .. kind .. place, id) end
end

-- A new item knows nothing of how an earlier one was retired.
function retirements.reset(item)
  local gone = item.fields[items.GONE]
  if not gone then return end
  gone.flags, gone.was_live, gone.requests, gone.unpublished, gone.delete_sent = nil, nil, nil, nil, nil
  if gone.undone then gone.repair_at = nil end
  items.touch(item, items.GONE)
end

return retirements
