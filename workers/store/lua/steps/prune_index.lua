--! flags allow-oom
-- prune_index: after a round has shown the whole collection: what it did not show is gone. So many ids
-- at a time that no call takes long; the next one goes on where this one ended. A worker that dies in
-- between leaves the rest to the next round.
-- ARGV[2]: {token, collection, index, cursor}
-- Returns {cursor, gone}: '0', it was the last call; 'begin': the next one begins anew.
-- Errors: none: a full store does this as well.
--! uses step references duplicate_keys

local request = step.request

local AT_ONCE = 50
local BEGIN = 'begin'

local earlier = step.earlier_answer()
if earlier then return earlier end

local place = step.place
local listed = 'instep:listed:' .. place
if redis.call('EXISTS', listed) == 0 then return step.answer({cursor = '0', gone = 0}) end

local function is_listed(id) return redis.call('SISMEMBER', listed, id) == 1 end

local from = request.cursor == BEGIN and '0' or request.cursor
if request.cursor == '0' then
  for _, id in ipairs(redis.call('HKEYS', 'instep:twins:' .. place)) do
    if not is_listed(id) then duplicate_keys.drop_twin(place, id) end
  end
end
local found = redis.call('HSCAN', 'instep:keys:' .. place, from, 'COUNT', AT_ONCE)
local following, lost = found[1], 0
for i = 1, #found[2], 2 do
  local id, record = found[2][i], found[2][i + 1]
  if not is_listed(id) then
    -- A small hash comes whole: the rest of it comes once more.
    if lost == AT_ONCE then
      following = from == '0' and BEGIN or from
      break
    end
    lost = lost + 1
    duplicate_keys.remove_gone(place, record, id)
  end
end
if following == '0' then redis.call('UNLINK', listed) end
references.wake_waiting()
duplicate_keys.note_changes()
return step.answer({cursor = following, gone = #duplicate_keys.changes})
