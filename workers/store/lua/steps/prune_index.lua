#!lua flags=allow-oom
-- prune_index: after a round has shown the whole collection: what it did not show is gone. So many ids
-- at a time that no call takes long; the next one goes on where this one ended. A worker that dies in
-- between leaves the rest to the next round.
-- ARGV[2]: {token, collection, index, cursor}
-- Returns {cursor, gone}: '0', it was the last call; 'begin': the next one begins anew.
--! uses state arrivals dead_letters retirements resting creation slices references duplicate_keys

local AT_ONCE = 50
local BEGIN = 'begin'

local earlier = earlier_answer()
if earlier then return earlier end

local place = request.collection .. ':' .. request.index
local listed = P .. 'listed:' .. place
if redis.call('EXISTS', listed) == 0 then return answer({cursor = '0', gone = 0}) end

local function is_listed(id) return redis.call('SISMEMBER', listed, id) == 1 end

local from = request.cursor == BEGIN and '0' or request.cursor
if request.cursor == '0' then
  for _, id in ipairs(redis.call('HKEYS', P .. 'twins:' .. place)) do
    if not is_listed(id) then drop_twin(place, id) end
  end
end
local found = redis.call('HSCAN', P .. 'keys:' .. place, from, 'COUNT', AT_ONCE)
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
    lose(place, record, id, 'gone')
    redis.call('HDEL', P .. 'born:' .. place, id)
    redis.call('HDEL', P .. 'status:' .. place, id)
  end
end
if following == '0' then redis.call('UNLINK', listed) end
wake_waiting()
note_noticed()
return answer({cursor = following, gone = #noticed})
