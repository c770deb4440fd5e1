--! flags allow-oom
-- group_letters: puts letters into the groups of their causes, as read from the letters before; and lists
-- letters that have no group although they are open (those of an older release).
-- ARGV[2]: {letters: [{id, mark, group, facts: [name, value, …], other, other_facts}], ungrouped: [id],
--   most, gone: [[group, id]]}
--   mark: sha1 of problems and message: a letter that was rewritten since is left for the next call
--   other: the group beyond *most* groups    gone: members of groups that are no open letters any more
-- Returns {grouped}.
-- Errors: none: a full store does this as well.
--! uses step letter_groups

local request = step.request

local function is_open(id) return redis.call('HGET', 'instep:letter:' .. id, 'state') == 'open' end

local function choose(letter)
  local known = redis.call('EXISTS', 'instep:problem:' .. letter.group) == 1
  if known or redis.call('ZCARD', 'instep:problems') < request.most then return letter.group, letter.facts end
  return letter.other, letter.other_facts
end

local function put(letter, created)
  local group, facts = choose(letter)
  local key = 'instep:problem:' .. group
  redis.call('ZREM', 'instep:letters:ungrouped', letter.id)
  redis.call('HSET', 'instep:letter:' .. letter.id, 'group', group)
  redis.call('ZADD', 'instep:letters:group:' .. group, created, letter.id)
  if redis.call('EXISTS', key) == 0 then redis.call('HSET', key, 'state', 'open', unpack(facts)) end
  redis.call('ZADD', 'instep:problems', 'LT', created, group)
end

local grouped = 0
for _, letter in ipairs(request.letters) do
  local held = redis.call('HMGET', 'instep:letter:' .. letter.id, 'state', 'problems', 'message', 'created', 'group')
  if held[1] ~= 'open' then
    redis.call('ZREM', 'instep:letters:ungrouped', letter.id)
  elseif redis.sha1hex((held[2] or '') .. (held[3] or '')) == letter.mark then
    if held[5] then letter_groups.leave(letter.id) end
    put(letter, held[4])
    grouped = grouped + 1
  end
end
for _, id in ipairs(request.ungrouped or {}) do
  if is_open(id) and not redis.call('HGET', 'instep:letter:' .. id, 'group') then letter_groups.enter(id) end
end
for _, gone in ipairs(request.gone or {}) do
  local group, id = gone[1], gone[2]
  if not is_open(id) or redis.call('HGET', 'instep:letter:' .. id, 'group') ~= group then
    letter_groups.remove(group, id)
  end
end
return step.answer({grouped = grouped})
