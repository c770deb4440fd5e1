-- rewrite: the newest values of items once more, as a reconcile found the CMS to lack them. Each
-- only while it still is the value that was compared, and P4 counts none of it. Records whose
-- item is gone, or never was, learn it from the listing that showed neither.
-- ARGV[2]: {token, collection, index, destination, hold_ms, began,
--   limit, run, source, as_of_ms, undo,
--   records: [{record, id, gone, make, staged, back, fields: [[slug, arrival, [text, type] as the listing showed it]]}]}
--   began: ms at which a listing of the whole began; gone: it did not show the item *id*; make: there
--   is no item, and it is to be created; staged: it shows the item held back or never published
--   back: the snapshot of *source* taken at *as_of_ms* has its record, which an earlier one lacked
--   hold_ms: until they are due, so that a whole hand-over becomes due at one time
--   limit: what the run may create, or retire; lease: the lock that it holds (run_counts.lua)
-- Returns {fields, records, left: [record], wake}, or {held: true} or {lost: true}, and nothing was done.
--   left: something had changed, and nothing was done to them
-- Errors: OOM: the store is full, and nothing was done.
--! uses versions step items item_schedule wakeups inferred_retirements retirements creation run_counts
--! uses item_status life_entries before_values held_retirements

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end
if run_counts.is_lost(given(request.lease)) then return cjson.encode({lost = true}) end
local limit = given(request.limit)
if run_counts.exceeds(limit, #request.records) then return cjson.encode({held = true}) end
local place = step.place
local ids = 'instep:ids:' .. place
local AGAIN = {written = true, unchanged = true}
local due_here = now + request.hold_ms
local marked, touched, left, woken = 0, 0, {}, false

-- Whether the item is still the one that was compared, and in no claim.
local function is_as_read(item, entry)
  local id = redis.call('HGET', ids, item.record) or nil
  if (entry.gone or entry.make) and id ~= given(entry.id) then return false end
  return not ((entry.gone or entry.make) and items.live_claim(item))
end

-- *shown*: what the listing showed, {text, type}; nil: that is unknown.
local function mark_field(item, slug, shown)
  local field = item.fields[slug]
  if not (AGAIN[field.state] or (field.create_only and field.state == 'ignored')) then return false end
  -- On its way to one variant, which the same listing has shown, it goes to all (locales.lua).
  if field.repair_at and not field.shown_in then return false end
  items.mark_repair(item, slug, now)
  before_values.note_repaired(item, field, shown, request.run)
  field.lane = 3
  marked = marked + 1
  return true
end

-- The item is gone: what was known of it holds no longer, and all of it is written anew.
local function item_gone(item, id)
  if id then
    retirements.forget_id(place, item.record, id)
    redis.call('HDEL', 'instep:born:' .. place, id)
  end
  creation.expire_claim(item)
  items.forget_confirmations(item)
  local any = false
  for slug, field in pairs(item.fields) do
    field.history = nil
    items.touch(item, slug)
    -- Neither a retirement, nor what came before one that has deleted it.
    if slug ~= items.GONE and not field.deleted_by and not items.in_force(item) then any = mark_field(item, slug) or any end
  end
  return any
end

-- The snapshot of *source*, taken at *as_of_ms*, has the record of *item*. Returns whether its
-- retirement is void now. One that a newer event has undone becomes void as well: what it overruled counts
-- again for the item that is made anew.
local function undo_inferred(item, source, as_of_ms)
  local gone = item.fields[items.GONE]
  local at = gone and not inferred_retirements.is_void(gone) and inferred_retirements.inferred_at(gone)
  if not at or gone.source ~= source or as_of_ms <= at then return false end
  local arrival = gone.undone and gone.retired_arrival or gone.arrival
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and (field.deleted_by == arrival or (field.deleted_by == 1 and field.arrival == arrival)) then
      field.deleted_by = nil
      items.touch(item, slug)
    end
  end
  retirements.undo_retirement(item)
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and field.state == 'superseded' and not field.deleted_by then
      items.wait_again(item, slug)
      field.letter = nil
    end
  end
  gone.version, gone.snapshot_at, gone.events, gone.retired_arrival = versions.BEFORE, nil, nil, nil
  items.touch(item, items.GONE)
  return true
end

-- The same of a retirement that waits, or was dropped. Returns whether there was one.
local function end_holds(item, source, as_of_ms)
  if item.meta.dropped then held_retirements.forget_dropped(item) end
  local gone = held_retirements.gone(item)
  local at = gone and inferred_retirements.inferred_at(gone)
  if not at or gone.source ~= source or as_of_ms <= at then return false end
  held_retirements.supersede(item, 'ended')
  return true
end

local function repair(entry)
  local item = items.load(request.collection, entry.record)
  if not is_as_read(item, entry) then return false end
  local any = (entry.back or entry.make) and undo_inferred(item, request.source, request.as_of_ms)
  woken = woken or any
  local back = entry.back and (end_holds(item, request.source, request.as_of_ms) or item.changed.dropped)
  if entry.gone then any = item_gone(item, given(entry.id)) or any end
  if entry.make then
    local till = creation.doubted_till(item)
    -- A request that creates it may have landed since the listing began: wait for the next one.
    if not (till and request.began < till) then items.set(item, 'make', request.began) end
  end
  for _, pair in ipairs(entry.fields or {}) do
    local field = item.fields[pair[1]]
    if field and field.arrival == pair[2] then any = mark_field(item, pair[1], given(pair[3])) or any end
  end
  if entry.staged and not item.fields['_draft'] and not item.fields['_archived'] then
    item_status.mark_staged(item, 1, 'a reconcile found it unpublished, or held back by an editor')
    item_status.count_not_live(item)
  end
  if any then
    -- What has a time of its own keeps it, be it a backoff.
    if not item.meta.lane then items.set(item, 'due', due_here) end
    item_schedule.place(item)
    touched = touched + 1
    life_entries.note_rewritten(item, 'c', items.unsent_slugs(item))
  end
  items.save(item)
  return any or back or entry.make or entry.staged
end

for _, entry in ipairs(request.records) do
  if not repair(entry) then left[#left + 1] = entry.record end
end
-- Retirements are counted as they are accepted.
if limit and limit.kind == 'created' then run_counts.add_to_limit(limit, #request.records - #left) end
local wake = false
if marked > 0 or woken then
  wake = wakeups.wake(request.destination, request, 'reconcile', due_here)
end
return step.answer({fields = marked, records = touched, left = left, wake = wake or false})
