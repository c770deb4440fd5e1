--! flags allow-oom
-- settle_publish: what one step of a round of publishing has shown of the items of one collection, and what
-- comes next. Only the caller that holds the round settles it, and an item that was written since stays.
-- ARGV[2]: {token, claim, destination, collection, index, publish, collections: [name],
--   outcomes: [{record, at, act, state, why, locales, edited, edits, status, wait_ms}], live, work, after,
--   checks, wait_ms, ended, sent, site, held, failed, full}
--   act: 'done' its live copy equals the staged one, 'leave' it is not ours to publish any more, 'state'
--   index: copy of the collection; publish: 'items' or 'site'; status: of an item that is 'done'; live: of the
--   destination
--   at: lastUpdated of our last write, as it was when the step began
--   work: the rest of the round; ended: there is none; after: of it, behind a publish of the site;
--   checks: its next task looks for what was published
--   wait_ms: until the next step; where the round has ended, before another one begins at the soonest
--   sent: something was published; held, failed: why not, '' : no more; nil: as before
-- Returns {settled, lost}: lost: another caller has the round.
-- Errors: none: a full store does this as well.
--! uses step unpublished wakeups freshness life_entries item_status items writebacks

local request, now, given = step.request, step.now, step.given
local LEFT = 20  -- of each set that are looked at

local earlier = step.earlier_answer()
if earlier then return earlier end

local key = 'instep:publishing:' .. request.destination
if redis.call('HGET', key, 'token') ~= request.claim then return step.answer({settled = 0, lost = true}) end

-- The item of *record* shows *text* as its status, and is live; nil: it was erased.
local function note_status(record, member, text)
  local item = items.load(request.collection, record)
  if not next(item.meta) then return nil end
  local status = item_status.record(step.place, member.id, given(text))
  -- A request under way tells it by its own answer.
  if status and not items.live_claim(item) then
    item_status.update(item, status, false)
    -- The publish of the site has taken it off that: brought back, it is staged.
    if not request.live and string.find(status.flags, 'a', 1, true) then
      items.set(item, 'staged', item_status.sign_of(status))
    end
    item_status.count_not_live(item)
    items.save(item)
  end
  return item
end

-- Its live copy was seen to equal the staged one.
local function note_live(record, member, text)
  if member.live then freshness.observe_site(request.collection, now - member.since) end
  life_entries.note_published(request.collection, record, member.way == 's' or request.publish == 'site')
  local item = note_status(record, member, text)
  -- It was told as staged, and without the address that it has now.
  if item and member.new and given(request.writebacks) then writebacks.note_live(item, member.made) end
end

-- A person has let it out since the look began that holds it for this edit.
local function is_let_out(member, outcome)
  local edited = given(outcome.edited)
  return outcome.state == 'e' and edited and not member.edited and edited <= member.at
end

local settled = 0
for _, outcome in ipairs(request.outcomes) do
  local member = unpublished.member(request.collection, outcome.record)
  if member and member.at == outcome.at and not is_let_out(member, outcome) then
    settled = settled + 1
    if outcome.state == 'x' then step.measure('published:' .. request.collection .. ':refused', 1) end
    if outcome.act == 'done' then step.measure('published:' .. request.collection .. ':live', 1) end
    if outcome.act == 'state' then
      member.state, member.why, member.locales = outcome.state, given(outcome.why), given(outcome.locales)
      if given(outcome.edited) then member.edited, member.edits = outcome.edited, given(outcome.edits) end
      unpublished.put(request.collection, outcome.record, member, now + outcome.wait_ms)
    else
      if outcome.act == 'done' then note_live(outcome.record, member, outcome.status) end
      unpublished.leave(request.collection, outcome.record)
    end
  end
end

redis.call('HDEL', key, 'token', 'till', 'after')
redis.call('HSET', key, 'settled', now)
if request.sent then redis.call('HSET', key, 'sent', now) end
for _, name in ipairs({'site', 'full'}) do
  if given(request[name]) then redis.call('HSET', key, name, request[name]) end
end
for _, name in ipairs({'held', 'failed'}) do
  local why = given(request[name])
  if why == '' then
    redis.call('HDEL', key, name, name .. '_since')
  elseif why then
    redis.call('HSET', key, name, why)
    redis.call('HSETNX', key, name .. '_since', now)
  end
end

-- The first of what still waits, in any collection of the destination.
local function first_waiting()
  local first
  for _, collection in ipairs(request.collections) do
    local at = tonumber(redis.call('ZRANGE', 'instep:unpublished:' .. collection, 0, 0, 'WITHSCORES')[2])
    if at then first = math.min(first or at, step.sane(at, step.AHEAD_MS)) end
  end
  return first
end

-- What a process of the release before has let go is in the sets that it does not know.
local function drop_left(collection)
  local since, held = 'instep:unpublished-since:' .. collection, 'instep:unpublished-held:' .. collection
  for _, records in ipairs({redis.call('ZRANGE', since, 0, LEFT - 1), redis.call('SRANDMEMBER', held, LEFT)}) do
    for _, record in ipairs(records) do
      if not unpublished.member(collection, record) then unpublished.leave(collection, record) end
    end
  end
end

local at = now + request.wait_ms
if request.ended then
  for _, collection in ipairs(request.collections) do drop_left(collection) end
  redis.call('HDEL', key, 'work', 'checks')
  redis.call('HSET', key, 'rest', at)
  local first = first_waiting()
  at = first and math.max(at, unpublished.next_at(request.destination, first))
else
  redis.call('HSET', key, 'work', request.work)
  if given(request.after) then redis.call('HSET', key, 'after', request.after) end
  if request.checks then redis.call('HSET', key, 'checks', 1) else redis.call('HDEL', key, 'checks') end
end
if at then
  redis.call('HSET', key, 'next', at)
  local waits = tonumber(redis.call('ZSCORE', 'instep:wakes', request.destination))
  if not waits or waits > at then wakeups.wake_at(request.destination, at) end
else
  redis.call('HDEL', key, 'next')
end
return step.answer({settled = settled, lost = false})
