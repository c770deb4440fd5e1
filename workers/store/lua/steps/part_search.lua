--! flags allow-oom
-- part_search: puts what a release before has written of the search index of one place into parts (search_parts.lua),
-- some of them at a time.
-- ARGV[2]: {place}
-- Returns {closed}: nothing is, until no process of that release runs any more.
-- Errors: none: a full store does this as well, and is less full then.
--! uses step new_forms search_parts

local AT_ONCE = 10

local place = step.request.place
if not new_forms.may_write() then return step.answer({closed = true}) end

local left = AT_ONCE
for _, kind in ipairs({'search', 'search-keys'}) do
  left = left - search_parts.convert('instep:' .. kind .. ':' .. place, left)
end
search_parts.save()
if left > 0 then
  redis.call('HSET', 'instep:search-state', 'parts:' .. place, search_parts.count('instep:search-keys:' .. place))
end
return step.answer({closed = false})
