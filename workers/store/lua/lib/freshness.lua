-- Shared, of settle: how old the values of events are when the CMS has taken them, since the arrival of
-- the event. Runs and replays are left out: they wait behind live changes.
--   instep:metrics    fresh:<collection>:<copy>:<bound>: values up to that many ms old, and older than
--     the bound before; :inf: older than all; :sum: their ms   copy: live, or staged alone; site: items
--     that a publish of ours has put on the site (unpublished.lua)
--   instep:freshness  hash: <quarter of an hour since 1970>:<bound>: the same of all, of late
--! uses calls step

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local BOUNDS = {1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000,
  21600000, 86400000}
local RECENT, QUARTER_MS = 'instep:freshness', 900000
local QUARTERS = 4  -- that are kept beside the present one
local counts, sum  -- place of a bound → values; of all, in ms
calls.on_begin(function() counts, sum = {}, 0 end)

local function place_of(ms)
  local place = 1
  while ms > (BOUNDS[place] or ms) do place = place + 1 end
  return place
end

local function since_of(field) return math.max(field.since, field.came_at or 0) end

local function observe(field)
  if field.state ~= 'pending' or field.lane ~= 1 then return end
  local ms = math.max(0, now - since_of(field))
  local place = place_of(ms)
  counts[place], sum = (counts[place] or 0) + 1, sum + ms
end

-- An item of *collection* is on the site, published *ms* after the first of its values came.
local function observe_site(collection, ms)
  ms = math.max(0, ms)
  local name = 'fresh:' .. collection .. ':site:'
  step.measure(name .. (BOUNDS[place_of(ms)] or 'inf'), 1)
  step.measure(name .. 'sum', math.floor(ms))
end

-- A hash of short values is a list, which is searched from its begin: a hundred counters make HINCRBY
-- three times as slow. One long value makes it a table.
local function keep_quick() redis.call('HSETNX', 'instep:metrics', '', string.rep('.', 65)) end

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
  if not next(counts) then return end
  local quarter, begins = string.format('%.0f:', math.floor(now / QUARTER_MS)), false
  local copy = request.live and not request.staged and ':live:' or ':staged:'
  local name = 'fresh:' .. request.collection .. copy
  for place, number in pairs(counts) do
    local bound = BOUNDS[place] or 'inf'
    step.measure(name .. bound, number)
    begins = redis.call('HINCRBY', RECENT, quarter .. bound, number) == number or begins
  end
  step.measure(name .. 'sum', math.floor(sum))
  if begins then
    prune(math.floor(now / QUARTER_MS))
    keep_quick()
  end
end

return {observe = observe, since_of = since_of, observe_site = observe_site, save = save}
