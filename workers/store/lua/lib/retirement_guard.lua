-- Shared: whether so many retirements, in whatever way they came, may take their places without approval: the
-- rule of workers/policy/run_guard.py, decided in the step that acts on it.
-- limits, of a collection: {place, copy, delay_ms, at_most, percent, half_from, window_ms}
--! uses step run_counts held_retirements item_ids

local now = step.now
local retirement_guard = {}

-- How many of *number* items may go. Of a collection whose items are not known, its share is not.
function retirement_guard.most(limits, number)
  if number == 0 then return limits.at_most end
  local half = math.max(limits.half_from, math.ceil(number / 2)) - 1
  local share = math.floor(math.floor(number * limits.percent * 10000 + 0.5) / 1000000)
  return math.min(half, math.max(limits.at_most, share))
end

-- The number of items; 0: it is not known. Items that were met by filters alone are some of them.
local function items_of(place)
  if not item_ids.is_index_known(redis.call('HGET', 'instep:index:' .. place, 'mark'), place) then return 0 end
  return math.max(redis.call('HLEN', 'instep:ids:' .. place), redis.call('HLEN', 'instep:keys:' .. place))
end

-- Whether *more*, those that are held, and those that have gone within the window are too many. Where they
-- are, all that are held, and all that come until the last of them is decided on, wait for approval.
function retirement_guard.asks(collection, limits, more)
  if held_retirements.asks(collection) then return true end
  local waiting = held_retirements.number(collection) + more
  local gone = run_counts.sum(limits.place, 'retired', limits.window_ms) + run_counts.retired_here(limits.place)
  local number = items_of(limits.place)
  if waiting == 0 or gone + waiting <= retirement_guard.most(limits, number) then return false end
  redis.call('HSET', 'instep:collection:' .. collection, 'asks_since', now, 'asks', cjson.encode({
    waiting = waiting, gone = gone, items = number, at_most = limits.at_most, percent = limits.percent,
    window_ms = limits.window_ms}))
  step.tell('deletes held', {collection = collection, deletes = waiting, retired = gone, items = number})
  return true
end

return retirement_guard
