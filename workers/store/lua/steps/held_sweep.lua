--! flags allow-oom
-- held_sweep: decides on the held retirements of a collection whose wait for others has ended: either all
-- that are held wait for approval from now on, or these take their places; or they go on waiting, where the
-- CMS has yet to say how many items there are.
-- ARGV[2]: {token, collection, destination, batch, limits (retirement_guard.lua), weak}
-- Returns {done, more, wake}: so many have gone out; more: call again; wake: a job is to be enqueued.
-- Errors: none: a full store does this as well.
--! uses step items item_schedule wakeups held_retirements held_release retirement_guard run_counts
--! uses losses item_totals pauses

local request, now = step.request, step.now
local MOST = 50  -- in one step

local earlier = step.earlier_answer()
if earlier then return earlier end

local collection, limits = request.collection, request.limits
local key = 'instep:held-delay:' .. collection
local due = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, MOST)
local asked = held_retirements.asks(collection)
local decision = (#due > 0 or asked) and retirement_guard.decide(collection, limits, 0, false)
if decision == 'wait' then
  local lane = step.LANES[pauses.open_lane()]
  local wake = item_totals.want(collection) and wakeups.wake(request.destination, request, lane, now)
  return step.answer({done = 0, more = false, wake = wake})
end
if decision == 'ask' then
  held_retirements.note_asked(collection, MOST)
  return step.answer({done = 0, more = redis.call('ZCARD', key) > 0, wake = false})
end

local done, lane = 0, 3
for _, record in ipairs(due) do
  local item = items.load(collection, record)
  if not item.meta.held then
    -- It was erased by a process that does not know of it.
    held_retirements.leave_sets(item)
  else
    lane = math.min(lane, held_retirements.gone(item).lane or 1)
    if held_release.release(item, limits.copy .. losses.copy_suffix(), 'sent', nil) == 'pending' then
      run_counts.note_retired(limits.place)
      done = done + 1
    end
    item_schedule.place(item)
    items.save(item)
  end
end
run_counts.save(nil)
local wake = done > 0 and wakeups.wake(request.destination, request, step.LANES[lane], now) or false
return step.answer({done = done, more = #due == MOST, wake = wake})
