--! flags allow-oom
-- resolve_dead_letter: replay or discard one dead letter. Only values that still hold their arrival number are
-- in it: what has been overtaken has left as superseded.
-- ARGV[2]: {token, id, act: 'replay' | 'discard', destinations: {collection: destination},
--   places: {collection: copy}, opened: ms: only if it has not been opened anew since,
--   run: that does it}
-- Returns {done, fields, wake}.
-- Errors: none: a full store does this as well.
--! uses step items item_schedule wakeups dead_letters resting_records left_out life_entries writebacks

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end
local key = 'instep:letter:' .. request.id
local head = redis.call('HMGET', key, 'state', 'kind', 'collection', 'record', 'created')
local opened_anew = given(request.opened) and math.floor(tonumber(head[5] or 0)) > request.opened
if head[1] ~= 'open' or opened_anew then return step.answer({done = false, fields = 0}) end
if head[2] == 'unmapped' then
  if request.act == 'replay' then return step.answer({done = false, fields = 0}) end
  left_out.close_letter(request.id, 'discarded', true)
  items.save_loaded()
  return step.answer({done = true, fields = 0})
end

if head[2] == 'writeback' then
  local done = writebacks.resolve(request.id, request.act)
  dead_letters.close(request.id, not done and 'superseded' or request.act == 'replay' and 'replayed' or 'discarded')
  if done then life_entries.note_letter({collection = head[3], record = head[4]}, request.act, request.id, head[2], {}) end
  return step.answer({done = done, fields = 0})
end

if not head[4] then
  -- It stands for many, whose values were discarded.
  if request.act == 'discard' then dead_letters.close(request.id, 'discarded') end
  return step.answer({done = request.act == 'discard', fields = 0})
end

local item = items.load(head[3], head[4])
local absent = redis.call('HMGET', key, 'absent', 'item', 'refers')
local moved = {}
local flat = redis.call('HGETALL', key)
for i = 1, #flat, 2 do
  local slug = string.sub(flat[i], 1, 2) == 'f:' and string.sub(flat[i], 3)
  local field = slug and item.fields[slug]
  if field and field.state == 'dead' and field.letter == request.id then
    if request.act == 'replay' then
      items.wait_again(item, slug)
      field.lane = 2
      dead_letters.remove_value(field, slug, 'replayed')
    else
      items.set_state(item, slug, 'discarded')
      dead_letters.remove_value(field, slug, 'discarded')
    end
    moved[#moved + 1] = slug
  end
end
local wake = false
if request.act == 'replay' and #moved > 0 then
  items.clear(item, {'attempts', 'failed', 'refused', 'forgotten'})
  items.set(item, 'due', now)
  local destination = given(request.destinations[head[3]])
  if destination and wakeups.claim_marker(destination) then wake = destination end
end
item_schedule.place(item)
items.save(item)
-- A letter of an older release does not say so.
local missing = head[2] == 'missing' and absent[2] == '' and not absent[3]
if request.act == 'discard' and (absent[1] or missing) and not resting_records.has_item(item, given(request.places) or {}) then
  resting_records.rest(item, missing)
end
if #moved > 0 then life_entries.note_letter(item, request.act, request.id, head[2], moved) end
return step.answer({done = #moved > 0, fields = #moved, wake = wake})
