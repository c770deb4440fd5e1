#!lua flags=allow-oom
-- resolve_dead_letter: replay or discard one dead letter. Only values that still hold their arrival number are
-- in it: what has been overtaken has left as superseded.
-- ARGV[2]: {token, id, act: 'replay' | 'discard', destinations: {collection: destination},
--   places: {collection: copy}}
-- Returns {done, fields, wake}.
--! uses versions state arrivals dead_letters retirements resting slices left_out

local earlier = earlier_answer()
if earlier then return earlier end
local key = P .. 'letter:' .. request.id
local head = redis.call('HMGET', key, 'state', 'kind', 'collection', 'record')
if head[1] ~= 'open' then return answer({done = false, fields = 0}) end
if head[2] == 'unmapped' then
  if request.act == 'replay' then return answer({done = false, fields = 0}) end
  local items = {}
  end_letter(request.id, 'discarded', function(place)
    local name = place.collection .. ':' .. place.record
    items[name] = items[name] or load_item(place.collection, place.record)
    return items[name]
  end)
  for _, item in pairs(items) do save(item) end
  return answer({done = true, fields = 0})
end

if not head[4] then
  -- It stands for many, whose values were discarded.
  if request.act == 'discard' then close_letter(request.id, 'discarded') end
  return answer({done = request.act == 'discard', fields = 0})
end

local item = load_item(head[3], head[4])
local absent = redis.call('HMGET', key, 'absent', 'item', 'refers')
local moved = 0
local flat = redis.call('HGETALL', key)
for i = 1, #flat, 2 do
  local slug = string.sub(flat[i], 1, 2) == 'f:' and string.sub(flat[i], 3)
  local field = slug and item.fields[slug]
  if field and field.s == 'dead' and field.l == request.id then
    count('dead', -1)
    if request.act == 'replay' then
      count('pending', 1)
      field.s, field.q, field.w, field.x = 'pending', 2, now, nil
      leave_letter(field, slug, 'replayed')
    else
      count('discarded', 1)
      field.s = 'discarded'
      leave_letter(field, slug, 'discarded')
    end
    touch(item, slug)
    moved = moved + 1
  end
end
local wake = false
if request.act == 'replay' and moved > 0 then
  for _, name in ipairs({'attempts', 'failed', 'refused', 'forgotten'}) do set(item, name, nil) end
  set(item, 'due', now)
  local destination = given(request.destinations[head[3]])
  if destination and claim_marker(destination) then wake = destination end
end
schedule(item)
save(item)
-- A letter of an older release does not say so.
local missing = head[2] == 'missing' and absent[2] == '' and not absent[3]
if request.act == 'discard' and (absent[1] or missing) and not has_item(item, given(request.places) or {}) then
  rest_without_item(item, missing)
end
note(request.act, {letter = request.id, collection = head[3], record = head[4], fields = moved})
return answer({done = moved > 0, fields = moved, wake = wake})
