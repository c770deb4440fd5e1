-- Shared: whether so many retirements, in whatever way they came, may take their places without approval: the
-- rule of workers/policy/run_guard.py, decided in the step that acts on it.
-- limits, of a collection: {place, copy, delay_ms, at_most, percent, half_from, window_ms}
--! uses calls step run_counts held_retirements item_ids item_totals

local now
calls.on_begin(function() now = step.now end)
local retirement_guard = {}

-- How many of *number* items may go. Of a collection whose items are not known, its share is not.
function retirement_guard.most(limits, number)
  if number == 0 then return limits.at_most end
  local half = math.max(limits.half_from, math.ceil(number / 2)) - 1
  local share = math.floor(math.floor(number * limits.percent * 10000 + 0.5) / 1000000)
  return math.min(half, math.max(limits.at_most, share))
end

-- The number of items; 0: it cannot be known; nil: the CMS has to be asked. Items that were met by filters alone are
-- some of them.
local function items_of(place, gone)
  if item_ids.is_index_known(redis.call('HGET', 'instep:index:' .. place, 'mark'), place) then
    return math.max(redis.call('HLEN', 'instep:ids:' .. place), redis.call('HLEN', 'instep:keys:' .. place))
  end
  local total, at = item_totals.of(place)
  if not total or total == 0 then return total end
  -- Those that have gone since, but before the window: too high a number would let too many go.
  local since = run_counts.sum(place, 'retired', now - at) + run_counts.retired_here(place)
  return math.max(1, total - math.max(0, since - gone))
end

-- Whether *more*, those that are held, and those that have gone within the window are too many: 'go' or 'ask'; 'wait'
-- where that depends on the number of items, and the CMS has yet to be asked. Where they are too many, all that are
-- held, and all that come until the last of them is decided on, wait for approval.
-- *at_once*: it cannot wait: a number that is not known does not count.
function retirement_guard.decide(collection, limits, more, at_once)
  if held_retirements.asks(collection) then return 'ask' end
  local waiting = held_retirements.number(collection) + more
  if waiting == 0 then return 'go' end
  local gone = run_counts.sum(limits.place, 'retired', limits.window_ms) + run_counts.retired_here(limits.place)
  local number = items_of(limits.place, gone)
  if not number then
    if not at_once and gone + waiting >= math.min(limits.half_from, limits.at_most + 1) then return 'wait' end
    number = 0
  end
  if gone + waiting <= retirement_guard.most(limits, number) then return 'go' end
  redis.call('HSET', 'instep:collection:' .. collection, 'asks_since', now, 'asks', cjson.encode({
    waiting = waiting, gone = gone, items = number, at_most = limits.at_most, percent = limits.percent,
    window_ms = limits.window_ms}))
  step.tell('deletes held', {collection = collection, deletes = waiting, retired = gone, items = number})
  return 'ask'
end

return retirement_guard
