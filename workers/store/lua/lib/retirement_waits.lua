-- Shared, of accept: whether a retirement that comes is held, and for what.
-- request.guards: {collection: limits}, of those in which retirements are held (retirement_guard.lua)
-- request.retiring: how many records a reconcile has yet to retire, with those of this call
--! uses calls step items item_ids delivery retirement_guard

local given = step.given
local request, now
local totals, passed = {}, {}  -- by collection: retirements of this call; those that were looked at
calls.on_begin(function()
  request, now = step.request, step.now
  if next(totals) then totals = {} end
  if next(passed) then passed = {} end
end)

local retirement_waits = {}

local function total_of(collection)
  if not totals[collection] then
    local number = 0
    for _, event in ipairs(delivery.events) do
      for _, change in ipairs(event.changes) do
        local last = change.fields[#change.fields]
        if change.collection == collection and last and last[1] == items.GONE then number = number + 1 end
      end
    end
    totals[collection] = number
  end
  return totals[collection]
end

local function has_id(change, place) return redis.call('HEXISTS', 'instep:ids:' .. place, change.record) == 1 end

-- Nothing leaves the site by it: what it asks for is done, or under way. Not so where the item is there again, or
-- was edited since.
local function changes_nothing(item, change, gone, place)
  local before = items.in_force(item)
  if gone.value == '"keep"' or not before then return gone.value == '"keep"' end
  local same = before.value == gone.value
  if before.state == 'pending' then return same or before.value == '"delete"' end
  if same and before.confirmed and not before.repair_at then return true end
  if before.state == 'dead' then return false end
  if change.by == 'key' then return not has_id(change, place) end
  return before.value == '"delete"'
end

-- All items are known by their keys, and none has this one.
local function has_no_item(item, change, place)
  if change.by ~= 'key' or items.live_claim(item) or item.meta.doubt or has_id(change, place) then return false end
  return item_ids.is_index_known(redis.call('HGET', 'instep:index:' .. place, 'mark'), place)
end

-- Returns whether *gone* is held; second, until when it waits for others; third, whether an item may go by it.
function retirement_waits.look(item, change, gone)
  local collection, limits = change.collection, given((given(request.guards) or {})[change.collection])
  local before = passed[collection] or 0
  passed[collection] = before + 1
  if not limits then return false, nil, true end
  local place = limits.place
  if changes_nothing(item, change, gone, place) or has_no_item(item, change, place) then return false, nil, false end
  local delayed = request.mode ~= 'reconcile' and limits.delay_ms > 0
  -- Those of this call that are to come may be stale, or of no item: where others are waited for, each counts as it comes.
  local more = delayed and 1 or math.max(1, (given(request.retiring) or total_of(collection)) - before)
  -- One that is held already counts once.
  if item.meta.held then more = more - 1 end
  local decision = retirement_guard.decide(collection, limits, more, request.mode == 'reconcile')
  if decision == 'ask' then return true, nil end
  local waits = delayed or decision == 'wait'
  return waits, waits and now + limits.delay_ms or nil, true
end

return retirement_waits
