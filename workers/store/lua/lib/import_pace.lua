-- Shared: how long the CMS takes to import a file.
-- instep:destination:<name>  import_ms: what one file takes, as last learned
--   imported: a request that took long has ended, and the turn is the others'

local ONE_MS = 3500   -- until anything is known
local LONG_MS = 2000

-- A request for *files* files has taken *ms*. Quick to rise: a request that nobody waits for to the
-- end imports its files in vain.
local function learn(dest_key, files, ms)
  if files == 0 then return end
  local each = tonumber(redis.call('HGET', dest_key, 'import_ms')) or ONE_MS
  redis.call('HSET', dest_key, 'import_ms', math.ceil(math.max(ms / files, each / 4)))
  if ms >= LONG_MS then redis.call('HSET', dest_key, 'imported', 1) end
end

return {ONE_MS = ONE_MS, LONG_MS = LONG_MS, learn = learn}
