#!lua flags=allow-oom
-- list_problems: the groups of open letters, each with what lists sort and filter by.
-- ARGV[2]: {since: ms: only letters opened then or later}
-- Returns {groups: [[group, letters, state, kind, collection, source], …]}; letters may be 0 with *since*.
-- Errors: none: it only reads.
--! uses step

local request, given = step.request, step.given

local groups = {}
for _, group in ipairs(redis.call('ZRANGE', 'instep:problems', 0, -1)) do
  local letters = redis.call('ZCOUNT', 'instep:letters:group:' .. group, given(request.since) or '-inf', '+inf')
  local held = redis.call('HMGET', 'instep:problem:' .. group, 'state', 'kind', 'collection', 'source')
  groups[#groups + 1] = {group, letters, held[1] or 'open', held[2] or '', held[3] or '', held[4] or ''}
end
return cjson.encode({groups = groups})
