-- Shared: how many items were created by runs, and retired in whatever way, of late: the guard of
-- runs adds them up (workers/policy/run_guard.py, workers/store/run_counts.py).
-- guard:<collection>:<copy>        hash: <kind>:<quarter of an hour since 1970> → items
-- guard:<collection>:<copy>:first  hash: left, till: what the first load may still create, until then
--! uses calls step

local now
local sums = {}  -- read once in a step: what it adds is counted at its end
local events_taken, items_retired = {}, {}  -- of accept: records that got a value, and items to be retired by place
calls.on_begin(function()
  now = step.now
  if next(sums) then sums = {} end
  if next(events_taken) then events_taken = {} end
  if next(items_retired) then items_retired = {} end
end)
local run_counts = {}
local QUARTER_MS = 900000
local QUARTERS = 8 * 96  -- that are kept: a day more than the longest window

function run_counts.counts_of(place) return 'instep:guard:' .. place end

local function quarter_of(name, kind)
  local found, quarter = string.match(name, '^(%a+):(%d+)$')
  if not kind or found == kind then return tonumber(quarter), found end
end

-- What is over is dropped; what is ahead was counted before the clock stepped back: it counts as now.
local function prune_counts(key, this)
  local held = redis.call('HGETALL', key)
  for n = 1, #held, 2 do
    local quarter, kind = quarter_of(held[n])
    if quarter > this then redis.call('HINCRBY', key, kind .. ':' .. this, held[n + 1]) end
    if quarter > this or quarter < this - QUARTERS then redis.call('HDEL', key, held[n]) end
  end
end

local function add_counted(place, kind, number)
  local key, this = run_counts.counts_of(place), math.floor(now / QUARTER_MS)
  local held = redis.call('HINCRBY', key, string.format('%s:%.0f', kind, this), number)
  if held == number then prune_counts(key, this) end
  redis.call('PEXPIRE', key, QUARTERS * QUARTER_MS)
end

-- As the step began.
function run_counts.sum(place, kind, window_ms)
  local name = kind .. ' ' .. window_ms .. ' ' .. place
  if sums[name] then return sums[name] end
  local held, sum = redis.call('HGETALL', run_counts.counts_of(place)), 0
  for n = 1, #held, 2 do
    local quarter = quarter_of(held[n], kind)
    if quarter and (quarter + 1) * QUARTER_MS > now - window_ms then sum = sum + tonumber(held[n + 1]) end
  end
  sums[name] = sum
  return sum
end

-- limit: what a run may do of one kind: {place, kind,
-- most, first, window_ms}; first: it is the first load.

-- What the first load may still create; nil: nothing was loaded yet.
function run_counts.first_left(place)
  local held = redis.call('HMGET', run_counts.counts_of(place) .. ':first', 'left', 'till')
  if not held[1] then return nil end
  return now <= tonumber(held[2]) and tonumber(held[1]) or 0
end

function run_counts.exceeds(limit, number)
  if not limit then return false end
  if limit.first then return number > (run_counts.first_left(limit.place) or 0) end
  return run_counts.sum(limit.place, limit.kind, limit.window_ms) + number > limit.most
end

-- lease: the lock of a run: {name, token}. Another may hold it since the run last asked, while it stood still.
function run_counts.is_lost(lease)
  return lease ~= nil and redis.call('GET', lease.name) ~= lease.token
end

function run_counts.add_to_limit(limit, number)
  if not limit or number == 0 then return end
  if limit.first then
    redis.call('HINCRBY', run_counts.counts_of(limit.place) .. ':first', 'left', -number)
  else
    add_counted(limit.place, limit.kind, number)
  end
end

-- Of accept: an event of a run, which is one record, gave a value; and an item is to be retired.
function run_counts.note_taken(event) events_taken[event] = true end
function run_counts.note_retired(place) items_retired[place] = (items_retired[place] or 0) + 1 end
function run_counts.retired_here(place) return items_retired[place] or 0 end

function run_counts.save(limit)
  local number = 0
  for _ in pairs(events_taken) do number = number + 1 end
  run_counts.add_to_limit(limit, number)
  for place, items in pairs(items_retired) do add_counted(place, 'retired', items) end
end

return run_counts
