-- Forms that the release before does not read: its processes may run beside this one for a while
-- (workers/store/upgrade.py).
--! uses step

local AHEAD_MS = 3600000

local function may_write()
  local version, from = redis.call('GET', 'instep:version'), redis.call('HGET', 'instep:packing', 'from')
  return (not version or tonumber(version) > 3) and (step.sane(from, AHEAD_MS) or 0) <= step.now
end

return {may_write = may_write}
