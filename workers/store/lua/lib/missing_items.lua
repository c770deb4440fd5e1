-- Shared: what becomes of records whose keys no item has: a letter, ignored, or to be created.
-- request.collection, request.index, request.missing, request.message: as index_page.lua says
--! uses calls step items item_schedule dead_letters retirements resting_records creation slices life_entries
--! uses held_release held_retirements

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local missing_items = {}
calls.on_begin(function() missing_items.counts = {missed = 0, made = 0} end)  -- of this step

-- Whether the values of *item* that wait came before *began*; those that are ahead of the clock did.
function missing_items.came_before(item, began)
  for _, field in pairs(item.fields) do
    local came = field.came_at or field.since or 0
    if field.state == 'pending' and came > began and came <= now then return false end
  end
  return true
end

-- *all*: the listing that began at *started*, ended at *ended*, and did not show it was one of the whole.
-- *due*: when what is to be created may be sent; nil: at once.
function missing_items.decide_missing(record, started, all, ended, due)
  local item = items.load(request.collection, record)
  if not missing_items.came_before(item, ended) then return end
  if item.meta.forgotten and not all then
    -- Its key may have moved to an older item: only a listing of the whole shows that.
    redis.call('HSET', 'instep:index:' .. step.place, 'full', 1)
    return
  end
  if request.missing == 'create' then
    local till = creation.doubted_till(item)
    if till and started < till then
      -- A request that creates it may have landed since: wait for the next listing.
      items.save(item)
      return
    end
  end
  local slugs = items.unsent_slugs(item)
  items.set(item, 'doubt', nil)
  -- There is nothing to be approved.
  local gone = item.meta.held and held_retirements.gone(item)
  if gone and (gone.came_at or gone.since) <= ended then held_release.release(item, nil, 'nothing', nil) end
  local none = retirements.retire_nothing(item, started)
  local what = none and 'retired' or request.missing
  if none then
    items.set(item, 'make', nil)
  elseif request.missing == 'create' then
    if creation.refuse_incomplete(item) then
      what = 'incomplete'
    else
      creation.replay_values(item, 'kind', 'missing')
      items.set(item, 'make', started)
      items.set(item, 'due', math.max(now, due or now))
      missing_items.counts.made = missing_items.counts.made + 1
    end
  elseif request.missing == 'ignore' then
    for _, slug in ipairs(slugs) do items.set_state(item, slug, 'ignored') end
  else
    dead_letters.add(item, slugs, {kind = 'missing', message = request.message .. record, absent = true}, nil)
  end
  if not (item.meta.make or none) then missing_items.counts.missed = missing_items.counts.missed + 1 end
  life_entries.note_missing(item, what)
  item_schedule.end_lookup(item)
  items.set(item, 'forgotten', nil)
  item_schedule.place(item)
  items.save(item)
  if none then
    resting_records.rest_or_forget(item)
  elseif not item.meta.make then
    resting_records.rest(item)
  end
end

local A_SLICE_MS = 30  -- about, of the sweep's: with as long a pause

-- When what is created is due: once the slices are done, so that requests carry as many as they may.
local function due_together(waiting, started)
  local slices_left = math.ceil(redis.call('ZCOUNT', waiting, '-inf', started) / slices.SLICE)
  return slices_left > 1 and now + math.min(1000, A_SLICE_MS * slices_left) or now
end

-- Decides on some of what waited when the listing of *state* {started, ended, all} began; true: on all
-- of it. What came when that had ended is for the next one.
function missing_items.decide_slice(state)
  local waiting = 'instep:lookup:' .. request.collection
  local started = tonumber(state.started)
  state.due = state.due or due_together(waiting, started)
  local records = redis.call('ZRANGEBYSCORE', waiting, '-inf', started, 'LIMIT', 0, slices.SLICE)
  for _, record in ipairs(records) do
    missing_items.decide_missing(record, started, state.all == '1', tonumber(state.ended), tonumber(state.due))
    -- What stays is passed over from here on.
    redis.call('ZADD', waiting, 'XX', math.max(now, started + 1), record)
  end
  return #records < slices.SLICE
end

return missing_items
