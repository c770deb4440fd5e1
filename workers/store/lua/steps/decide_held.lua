--! flags allow-oom
-- decide_held: an operator approves, or drops, held retirements of a collection: those that are still the
-- ones that were shown, and no others.
-- ARGV[2]: {token, act: 'approve' | 'drop', by, collection, destination, batch, limits (retirement_guard.lua), weak,
--   named: [[record, arrival]]}
-- Returns {done, left: [record], wake}: left: another one, or none, is held of it by now.
-- Errors: none: a full store does this as well.
--! uses step items item_schedule wakeups held_retirements held_release run_counts losses resting_records

local request, now = step.request, step.now

local earlier = step.earlier_answer()
if earlier then return earlier end

local limits = request.limits
local done, lane, left = 0, nil, {}

local function approve(item)
  local gone = held_retirements.gone(item)
  local state = held_release.release(item, limits.copy .. losses.copy_suffix(), 'approved', request.by)
  if state == 'superseded' then return false end
  if state == 'pending' then
    run_counts.note_retired(limits.place)
    lane = math.min(lane or 3, gone.lane or 1)
  end
  return true
end

local function decide(item)
  if request.act == 'approve' then return approve(item) end
  held_retirements.drop(item, request.by)
  return true
end

for _, pair in ipairs(request.named) do
  local item = items.load(request.collection, pair[1])
  local gone = held_retirements.gone(item)
  local decided = gone and gone.arrival == pair[2] and decide(item)
  if decided then done = done + 1 else left[#left + 1] = pair[1] end
  if not gone then held_retirements.leave_sets(item) end  -- erased by the release before
  if items.is_altered(item) then
    item_schedule.place(item)
    items.save(item)
    local copies = {[request.collection] = string.match(limits.copy, '^[^:]*')}
    if item.meta.dropped and not resting_records.has_item(item, copies) then resting_records.rest(item) end
  end
end
run_counts.save(nil)
local wake = lane and wakeups.wake(request.destination, request, step.LANES[lane], now) or false
return step.answer({done = done, left = left, wake = wake})
