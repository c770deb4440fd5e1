--! flags allow-oom
-- finish_listing: a listing of the whole, outside of the index's own passes, has shown every item. Its pages
-- went through index; here is what only its end tells: from when on look-ups need to ask, and that
-- no other listing is wanted for a while.
-- ARGV[2]: {token, collection, index, missing, message, newest, at, began, full_ms, rest_ms}
--   newest: createdOn of the newest item; at: ms of the CMS's clock as it read the first page
--   began: ms of the store's clock as it was asked for, or 0: nobody knows
--   missing, message, full_ms, rest_ms: as in index
-- Returns {done}.
-- Errors: none: a full store does this as well.
--! uses step reference_timeouts key_forms

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end
local index = 'instep:index:' .. step.place
local began = tonumber(given(request.began)) or 0
if began > 0 then
  key_forms.note_plain(index, began)
  if given(request.missing) then reference_timeouts.decide_on_missing(began, true) end
end
redis.call('DEL', index .. ':reconcile')
local pass = redis.call('HMGET', index, 'pass', 'kind')
local doubted = redis.call('HEXISTS', index, 'ids_doubted') == 1
-- A pass of the workers that is under way is at its end, but for one that lists something else.
if not pass[1] or (began > 0 and pass[2] == 'all' and not doubted) then
  local newest, at = given(request.newest), given(request.at)
  local held = redis.call('HMGET', index, 'created', 'mark')
  if newest and (not held[1] or newest > held[1]) then redis.call('HSET', index, 'created', newest) end
  if at and (not held[2] or at > tonumber(held[2])) then redis.call('HSET', index, 'mark', at) end
  redis.call('HDEL', index, 'full', 'holes', 'pass', 'kind', 'offset', 'since', 'total', 'lock', 'holder')
  redis.call('HSET', index, 'full_next', now + request.full_ms, 'full_every', request.full_ms,
    'edits_next', now + request.rest_ms, 'round_next', now + request.rest_ms)
end
return step.answer({done = true})
