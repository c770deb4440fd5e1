-- Shared: what an answer to a filter says of the keys that it was asked for (filters.lua).
-- request.filter: {outcome, asked: [record], left: [record], canary, shown, number, known}
--   outcome: 'page'; 'refused': the site takes no such filter; 'void': it showed what was not asked
--     for; 'wide': it shows too much to be read
--   asked: those that were in it; left: those that no filter can ask for
--   canary: it named one, too; shown: it named several, and showed one of them
--   number: the field holds numbers
--   known: the schema was read, so that no value of another kind than the field's was asked for
--
-- "Not there" is said of a key only
--   by a filter that began after its values came, was read to its last page without an item falling
--   through, and has shown a key that is there, or did so within a day;
--   of no record that a request may have created: a filter may lag behind it by nobody knows how much;
--   where a listing has shown the whole, none since has shown a key in another form than the normal
--   one, and edits are listed: a filter does not find what is padded, say.
-- Else a listing says it.
--! uses calls step items item_ids filters missing_items

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local BLIND_MS = 600000     -- off for so long after an answer that did not show its canary
local UNREAD_MS = 600000    -- and after a refusal that may be of a value alone

local function end_pass_of(slot)
  redis.call('HDEL', slot, 'keys', 'canary', 'began', 'offset', 'total', 'torn', 'shown')
end

local function switch_off(slot, ms)
  redis.call('HSET', slot, 'off', now + ms)
  redis.call('UNLINK', 'instep:filter:' .. request.collection)
end

-- No answer says nothing of the site: once more before long, then listings go on, as if there were
-- no filters, for longer each time.
local function record_failure(slot)
  local times = redis.call('HINCRBY', slot, 'failed', 1)
  redis.call('HSET', slot, 'lock', now + 2000)
  end_pass_of(slot)
  if times > 1 then switch_off(slot, math.min(1000 * 2 ^ math.min(times, 12), 3600000)) end
end

local function may_say_missing(index, place, filter)
  local held = redis.call('HMGET', index, 'mark', 'created', 'plain', 'numeric')
  return item_ids.is_index_known(held[1], place) and held[2] and held[3]
    and (filter.number or not held[4])
end

local function count_attempt(item)
  items.set(item, 'asks', (tonumber(item.meta.asks) or 0) + 1)
  items.set(item, 'asked', now)
end

-- Whether this page ends the filter, and whether what it has not shown is not there.
local function read_filter_page(slot, filter)
  local held = redis.call('HMGET', slot, 'shown', 'torn', 'total', 'proven')
  redis.call('HDEL', slot, 'failed')
  local total = tonumber(given(request.total))
  local torn = held[2] or request.short or (held[3] and total and total < tonumber(held[3]))
  local shown = held[1] or filter.shown
  if given(request.next) then
    redis.call('HSET', slot, 'offset', request.next)
    if total then redis.call('HSET', slot, 'total', total) end
    if torn then redis.call('HSET', slot, 'torn', 1) end
    if shown then redis.call('HSET', slot, 'shown', 1) end
    return false
  end
  if shown then
    redis.call('HSET', slot, 'proven', now)
    redis.call('HDEL', slot, 'blind')
    return true, not torn
  end
  if filter.canary then
    -- It is there, and is not shown: this site may answer to filters it does not know with nothing.
    local times = redis.call('HINCRBY', slot, 'blind', 1)
    switch_off(slot, times > 1 and filters.OFF_MS or BLIND_MS)
    return true, false
  end
  return true, not torn and filters.is_proven(held[4])
end

-- Takes in one answer. Returns whether it was the last, the records that are not there, and the ms
-- from which that is so.
local function record_answer(index, slot, place)
  local filter = request.filter
  local began = tonumber(redis.call('HGET', slot, 'began')) or now
  local ended, sure = true, false
  if filter.outcome == 'page' then
    ended, sure = read_filter_page(slot, filter)
    if not ended then return false, {}, began end
  elseif filter.outcome ~= 'wide' then
    switch_off(slot, filter.outcome == 'refused' and not filter.known and UNREAD_MS or filters.OFF_MS)
  end
  end_pass_of(slot)
  sure = sure and may_say_missing(index, place, filter)
  local set_of, absent = 'instep:filter:' .. request.collection, {}
  for _, record in ipairs(filter.left) do redis.call('ZREM', set_of, record) end
  for _, record in ipairs(filter.asked) do
    local item = items.load(request.collection, record)
    local waits = item.meta.lookup and not (item.meta.doubt or item.meta.forgotten)
    if item.meta.lookup then count_attempt(item) end
    if waits and sure and missing_items.came_before(item, began) then
      absent[#absent + 1] = record
    elseif waits and sure and redis.call('ZSCORE', set_of, record) then
      redis.call('ZADD', set_of, now, record)  -- its newest value came while the filter was read
    else
      redis.call('ZREM', set_of, record)
    end
    items.save(item)
  end
  return true, absent, began
end

-- Whether the last filter was worth its call decides when there is another for what is left.
local function space_out(slot, worth)
  local held = redis.call('HMGET', slot, 'gap', 'next')
  if worth then
    redis.call('HDEL', slot, 'gap', 'next')
    return
  end
  local gap = 1000
  if held[1] and (step.sane(held[2], filters.ASK_AGAIN_MS) or 0) > now - 60000 then
    gap = math.min(filters.ASK_AGAIN_MS, 2 * tonumber(held[1]))
  end
  redis.call('HSET', slot, 'gap', gap, 'next', now + gap)
end

return {record_failure = record_failure, record_answer = record_answer, space_out = space_out}
