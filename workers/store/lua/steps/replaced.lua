#!lua flags=allow-oom
-- replaced: a listing of the whole, outside of the index's own passes, has shown records with another
-- item than the index knew, and the old one not at all: it is gone, and what refers to it goes again.
-- ARGV[2]: {token, collection, index, items: [[record, id]], history}
-- Returns {replaced}: how many of them were still known by the old id.
--! uses state dead_letters retirements resting creation slices references duplicate_keys

local earlier = earlier_answer()
if earlier then return earlier end

local place = request.collection .. ':' .. request.index
for _, pair in ipairs(request.items) do
  local record, id = pair[1], pair[2]
  if redis.call('HGET', P .. 'ids:' .. place, record) == id then
    lose(place, record, id, 'gone')
    redis.call('HDEL', P .. 'born:' .. place, id)
    redis.call('HDEL', P .. 'status:' .. place, id)
  end
end
wake_waiting()
note_noticed()
return answer({replaced = #noticed})
