-- Dead letters that are closed, and for how long they are kept.
--! uses step

local now = step.now
local CLOSED_MS = 30 * 86400000

local function delete(ids)
  for _, id in ipairs(ids) do
    redis.call('DEL', 'instep:letter:' .. id)
    redis.call('ZREM', 'instep:letters:closed', id)
  end
end

local function trim()
  delete(redis.call('ZRANGEBYSCORE', 'instep:letters:closed', '-inf', now - CLOSED_MS, 'LIMIT', 0, 100))
end

return {delete = delete, trim = trim}
