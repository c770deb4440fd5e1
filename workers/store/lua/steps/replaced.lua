--! flags allow-oom
-- replaced: a listing of the whole, outside of the index's own passes, has shown records with another
-- item than the index knew, and the old one not at all: it is gone, and what refers to it goes again.
-- ARGV[2]: {token, collection, index, items: [[record, id]]}
-- Returns {replaced}: how many of them were still known by the old id.
-- Errors: none: a full store does this as well.
--! uses step references duplicate_keys

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end

local place = step.place
for _, pair in ipairs(request.items) do
  local record, id = pair[1], pair[2]
  if redis.call('HGET', 'instep:ids:' .. place, record) == id then
    duplicate_keys.remove_gone(place, record, id)
  end
end
references.wake_waiting()
duplicate_keys.note_changes()
return step.answer({replaced = #duplicate_keys.changes})
