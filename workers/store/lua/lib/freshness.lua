-- Shared, of settle: how old the values of events are when the CMS has taken them, since the arrival of
-- the event. Runs and replays are left out: they wait behind live changes.
--   instep:metrics    fresh:<collection>:<copy>:<bound>: values up to that many ms old, and older than
--     the bound before; :inf: older than all; :sum: their ms   copy: live, or staged alone
--   instep:freshness  hash: <quarter of an hour since 1970>:<bound>: the same of all, of late
--! uses step

local request, now = step.request, step.now
local BOUNDS = {1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000,
  21600000, 86400000}
local RECENT, QUARTER_MS = 'instep:freshness', 900000
local QUARTERS = 4  -- that are kept beside the present one
local copy = request.live and not request.staged and 'live' or 'staged'
local observed = {}  -- bound → values

local function bound_of(ms)
  for _, bound in ipairs(BOUNDS) do
    if ms <= bound then return tostring(bound) end
  end
  return 'inf'
end

local function observe(collection, field)
  if field.state ~= 'pending' or field.lane ~= 1 then return end
  local ms = math.max(0, math.floor(now - math.max(field.since, field.came_at or 0)))
  local bound, name = bound_of(ms), 'fresh:' .. collection .. ':' .. copy .. ':'
  step.measure(name .. bound, 1)
  step.measure(name .. 'sum', ms)
  observed[bound] = (observed[bound] or 0) + 1
end

-- What is over is dropped; what is ahead was counted before the clock stepped back.
local function prune(quarter)
  local gone = {}
  for _, name in ipairs(redis.call('HKEYS', RECENT)) do
    local its = tonumber(string.match(name, '^%d+'))
    if its < quarter - QUARTERS or its > quarter then gone[#gone + 1] = name end
  end
  step.call_in_parts('HDEL', RECENT, gone)
end

local function save()
  local quarter, begins = math.floor(now / QUARTER_MS), false
  for bound, number in pairs(observed) do
    local held = redis.call('HINCRBY', RECENT, string.format('%.0f:%s', quarter, bound), number)
    begins = begins or held == number
  end
  if begins then prune(quarter) end
end

return {observe = observe, save = save}
