-- Shared: the bounds of the history, a stream to which every step appends (step.lua). Owns
--   instep:history-trimmed  it was, less than a second ago
-- request.history: {bytes, ms}: how much of it is kept, and for how long
--! uses step

local request, now, given = step.request, step.now, step.given
local HISTORY_PART = 8      -- of the memory of a store with a limit
local HISTORY_MEAN = 400    -- bytes of an entry, where the store does not tell
local TRIM_AT_ONCE = 10000  -- entries; they leave in whole nodes, which costs little

local function bytes_of_history(most)
  local limit = step.memory_limit()
  return limit > 0 and math.min(most, limit / HISTORY_PART) or most
end

-- Once a second: what is too old goes, and what there is no room for, by the mean size of an entry.
local function trim()
  local key, bound = 'instep:history', given(request.history)
  if type(bound) ~= 'table' then return end
  -- A dry run sets nothing, and gets a number.
  if type(redis.call('SET', 'instep:history-trimmed', 1, 'NX', 'PX', 1000)) ~= 'table' then return end
  local number, took = redis.call('XLEN', key), redis.pcall('MEMORY', 'USAGE', key)
  local mean = type(took) == 'number' and number > 0 and took / number or HISTORY_MEAN
  local most = math.floor(bytes_of_history(bound.bytes) / mean)
  redis.call('XTRIM', key, 'MAXLEN', '~', most, 'LIMIT', TRIM_AT_ONCE)
  local oldest = string.format('%.0f', math.max(0, now - bound.ms))
  redis.call('XTRIM', key, 'MINID', '~', oldest, 'LIMIT', TRIM_AT_ONCE)
end

return {trim = trim}
