-- Shared: that a record is gone at its source. It is held as one more value of its item, under the
-- slug ':gone', and stays as a tombstone: what is older than it is stale, what is newer lifts it.
--   v of it: how the item is retired, JSON text: "archive" "draft" "unpublish" "delete" "keep"
--   b 1 once it is lifted: the record is back   p 1 once the live copy is away, of a "delete"
--   u flags that the CMS may show because of it, with the arrival number for which each was sent
--     first: what lifts it takes them back
--   L 1 where the item was live before: what takes back its flags publishes it again
--   S how many requests were sent for it; with u and without S: an older release sent them, and the
--     item is taken for one that was live
--   z 1 once a request to delete the item was sent   A, I: inferred_retirements.lua
--   D of one that is lifted: the arrival number that it had
-- d of another field: it is of a record that was deleted since, and no new item is made from it; the
--   arrival number of that deletion (of an older release: 1).
-- hold of an item: until this ms a request may land that takes it away; nothing else is sent.
-- instep:tombstones  sorted set: <collection>:<record> of items that are not there, by the ms since
--! uses step items overtaken arrivals inferred_retirements dead_letters

local now = step.now

-- A deletion overrules all that is older, any other way what the item's status was to be.
local function overrule_fields(item, gone)
  local deleted = gone.v == '"delete"'
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and (deleted or items.FLAGS[slug]) then
      overtaken.supersede(item, slug)
      -- A request that may still land is put right by the retirement; one that is out settles
      -- nothing of what it carries.
      if field.m then gone.m = math.max(gone.m or 0, field.m) end
      field.m, field.c, field.a = nil, nil, gone.a
      if deleted then field.d = field.d or gone.a end
      items.touch(item, slug)
    end
  end
end

-- Puts the retirement *gone* into its place; returns its fate, or 'pending'.
local function retire(item, gone, copy)
  local held = item.fields[items.GONE]
  local again = false
  if held then
    inferred_retirements.keep_real(gone, held)
    overtaken.supersede(item, items.GONE)
    gone.m, gone.u, gone.L = held.m, held.u, held.u and (held.L or not held.S and 1) or nil
    if not held.b and held.v == gone.v then
      gone.p, gone.z = held.p, held.z
      again = held.c and not held.m and item.meta.copy == copy
      if again then gone.c = held.c end
    end
  end
  if gone.v == '"keep"' then gone.m = nil end
  item.fields[items.GONE] = gone
  items.touch(item, items.GONE)
  if again or gone.v == '"keep"' then return 'unchanged' end
  overrule_fields(item, gone)
  return 'pending'
end

-- The record is back. What the CMS may show of its retirement is taken back as repairs are made:
-- nobody sent us a value for it.
local function undo_retirement(item)
  local gone = items.in_force(item)
  if not gone then return end
  local doubted = gone.m
  overtaken.supersede(item, items.GONE)
  gone.b, gone.c, gone.p, gone.m, gone.x = 1, nil, nil, nil, nil
  gone.D, gone.a = gone.a, arrivals.next()
  items.touch(item, items.GONE)
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and gone.v == '"delete"' then
      if doubted then items.mark_repair(item, slug, doubted) end
      -- The item is what it was; what was overruled before it was sent, it never had.
      if not gone.z and field.s ~= 'superseded' then field.d = nil end
      items.touch(item, slug)
    elseif slug ~= items.GONE and field.s == 'superseded' and not field.d and not items.FLAGS[slug] then
      -- No item was there to show it (retire_nothing): the one that is made now does.
      step.count('superseded', -1)
      step.count('pending', 1)
      field.s, field.w, field.x = 'pending', now, nil
      items.touch(item, slug)
    end
  end
  for flag in pairs(gone.u or {}) do
    local own = item.fields[flag]
    if own and (own.s == 'written' or own.s == 'unchanged') then
      -- What a mapping says of its status counts more than that it was another before.
      items.mark_repair(item, flag, math.max(now, doubted or 0))
      gone.u[flag] = nil
    else
      gone.m = math.max(now, doubted or 0)
    end
  end
  if gone.u and not next(gone.u) then gone.u = nil end
end

-- The first request for it was refused: the CMS shows nothing of it.
local function note_refusal(gone)
  if gone.b or gone.m or gone.p or gone.s ~= 'pending' then return end
  for flag, arrival in pairs(gone.u or {}) do
    if arrival == gone.a then gone.u[flag] = nil end
  end
  if gone.u and not next(gone.u) then gone.u = nil end
  if not gone.u then gone.L, gone.S = nil, nil end
end

-- Flags of the CMS by the letters of a status (item_status.lua).
local FLAG_OF = {a = '_archived', d = '_draft'}

-- What a retirement did, *status* shows it no longer: somebody has undone it, and it is not taken back.
local function drop_undone(gone, status)
  if not gone.u or gone.m then return false end
  local any = false
  for letter, flag in pairs(FLAG_OF) do
    if gone.u[flag] and not string.find(status.flags, letter, 1, true) then
      gone.u[flag], any = nil, true
    end
  end
  if not next(gone.u) then gone.u = nil end
  return any
end

local function note_undone(item, status)
  local gone = items.in_force(item)
  if not gone or gone.s == 'pending' or not drop_undone(gone, status) then return end
  gone.c = nil
  items.touch(item, items.GONE)
end

-- A request that takes the item away had no answer, or came to its end unseen: it may land until
-- *till*, and nothing may be written that it could take along.
local function doubt(item, till)
  items.set(item, 'hold', math.max(tonumber(item.meta.hold) or 0, till))
end

-- What is sent of a field; of a retirement that is lifted, the flags that are taken back.
local function value_sent(field)
  if not field.b then return field.v end
  local flags = {}
  for flag in pairs(field.u or {}) do flags[#flags + 1] = flag end
  return step.list_text(flags)
end

-- No item is there: there is nothing to retire, nor to write what came before.
local function retire_nothing(item, since)
  local gone = items.in_force(item)
  if not gone then return false end
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE then
      overtaken.supersede(item, slug)
      field.m, field.c = nil, nil
      items.touch(item, slug)
    end
  end
  if gone.s == 'pending' then
    step.count('pending', -1)
    step.count('unchanged', 1)
    gone.s = 'unchanged'
  end
  gone.c, gone.u, gone.L, gone.S = nil, nil, nil, nil
  if gone.m and gone.m <= since then gone.m = nil end
  items.touch(item, items.GONE)
  redis.call('ZADD', 'instep:tombstones', now, item.collection .. ':' .. item.record)
  return true
end

-- An item that was deleted: nothing that was known of it says anything of the next one.
local function forget_item(item)
  for slug, field in pairs(item.fields) do
    field.c, field.m, field.g, field.k, field.x = nil, nil, nil, nil, nil
    items.touch(item, slug)
  end
  local gone = item.fields[items.GONE]
  gone.u, gone.L, gone.S, gone.p = nil, nil, nil, nil
  for _, name in ipairs({'staged', 'publish', 'updated', 'hold', 'limit', 'epoch', 'look', 'looked',
      'unpublishable'}) do
    items.set(item, name, nil)
  end
  if not gone.b then
    redis.call('ZADD', 'instep:tombstones', now, item.collection .. ':' .. item.record)
  end
end

local function forget_id(place, record, id)
  local ids, keys = 'instep:ids:' .. place, 'instep:keys:' .. place
  if redis.call('HGET', ids, record) == id then redis.call('HDEL', ids, record) end
  if redis.call('HGET', keys, id) == record then redis.call('HDEL', keys, id) end
  for _, kind in ipairs({'status:', 'born:'}) do redis.call('HDEL', 'instep:' .. kind .. place, id) end
end

-- A new item knows nothing of how an earlier one was retired.
local function reset(item)
  local gone = item.fields[items.GONE]
  if not gone then return end
  gone.u, gone.L, gone.S, gone.p, gone.z = nil, nil, nil, nil, nil
  if gone.b then gone.m = nil end
  items.touch(item, items.GONE)
end

return {
  overrule_fields = overrule_fields,
  retire = retire, undo_retirement = undo_retirement, note_refusal = note_refusal,
  FLAG_OF = FLAG_OF, drop_undone = drop_undone, note_undone = note_undone, doubt = doubt,
  value_sent = value_sent, retire_nothing = retire_nothing, forget_item = forget_item,
  forget_id = forget_id, reset = reset,
}
