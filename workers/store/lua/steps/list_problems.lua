--! flags allow-oom
-- list_problems: the groups of open letters, each with what lists sort and filter by.
-- ARGV[2]: {since: ms: only letters opened then or later}
-- Returns {groups: [[group, letters, state, kind, collection, source, ms], …]}; letters may be 0 with *since*.
--   ms: at which its oldest letter was opened; 0: it has none
-- Errors: none: it only reads.
--! uses step

local request, given = step.request, step.given

local groups = {}
for _, group in ipairs(redis.call('ZRANGE', 'instep:problems', 0, -1)) do
  local letters = redis.call('ZCOUNT', 'instep:letters:group:' .. group, given(request.since) or '-inf', '+inf')
  local oldest = redis.call('ZRANGE', 'instep:letters:group:' .. group, 0, 0, 'WITHSCORES')[2]
  local held = redis.call('HMGET', 'instep:problem:' .. group, 'state', 'kind', 'collection', 'source')
  groups[#groups + 1] = {group, letters, held[1] or 'open', held[2] or '', held[3] or '', held[4] or '',
    tonumber(oldest or 0)}
end
return cjson.encode({groups = groups})
