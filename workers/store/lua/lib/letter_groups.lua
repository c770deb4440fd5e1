-- Shared: the groups of open letters that have one cause. A step that opens a letter lists it as not
-- grouped; Python reads its cause, and group_letters.lua puts it into its group.
--   instep:letters:ungrouped      sorted set: open letters whose cause is not read yet, by created
--   instep:letters:group:<group>  sorted set: the open letters of a group, by created
--   instep:letter:<id> group      the group that it is, or was, in
--   instep:problems               sorted set: groups with open letters, by the ms at which they began
--   instep:problem:<group>        hash: kind, where, collection, source, fields, status, code, title; state,
--     by and at: who marked it seen or ignored, and when
--   instep:problems:ignored       sorted set: ignored groups, with open letters or without
--! uses step

local letter_groups = {}
local IGNORED = 1000  -- groups without letters that stay ignored

local function drop_empty(group)
  redis.call('ZREM', 'instep:problems', group)
  if redis.call('HGET', 'instep:problem:' .. group, 'state') == 'ignored' then return end
  redis.call('DEL', 'instep:problem:' .. group)
end

function letter_groups.remove(group, id)
  if redis.call('ZREM', 'instep:letters:group:' .. group, id) == 0 then return end
  if redis.call('EXISTS', 'instep:letters:group:' .. group) == 0 then drop_empty(group) end
end

-- A letter is closed or erased, or its cause is to be read anew.
function letter_groups.leave(id)
  redis.call('ZREM', 'instep:letters:ungrouped', id)
  local group = redis.call('HGET', 'instep:letter:' .. id, 'group')
  if group then letter_groups.remove(group, id) end
end

-- A letter has been opened, or has other problems than before.
function letter_groups.enter(id)
  letter_groups.leave(id)
  redis.call('HDEL', 'instep:letter:' .. id, 'group')
  redis.call('ZADD', 'instep:letters:ungrouped', redis.call('HGET', 'instep:letter:' .. id, 'created') or step.now, id)
end

function letter_groups.mark(group, state, by)
  local key = 'instep:problem:' .. group
  if redis.call('EXISTS', key) == 0 then return false end
  redis.call('HSET', key, 'state', state, 'by', by, 'at', step.now)
  if state == 'ignored' then
    redis.call('ZADD', 'instep:problems:ignored', step.now, group)
  else
    redis.call('ZREM', 'instep:problems:ignored', group)
  end
  if redis.call('EXISTS', 'instep:letters:group:' .. group) == 0 then drop_empty(group) end
  local over = redis.call('ZCARD', 'instep:problems:ignored') - IGNORED
  for _, old in ipairs(over > 0 and redis.call('ZRANGE', 'instep:problems:ignored', 0, over - 1) or {}) do
    redis.call('ZREM', 'instep:problems:ignored', old)
    redis.call('HSET', 'instep:problem:' .. old, 'state', 'open')
    if redis.call('EXISTS', 'instep:letters:group:' .. old) == 0 then drop_empty(old) end
  end
  return true
end

return letter_groups
