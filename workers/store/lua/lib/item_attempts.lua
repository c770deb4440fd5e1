-- Shared, of settle: how often an item was tried, with how many others it goes, and when again.
-- attempts: that are counted   failed: ms at which it first failed alone   refused: it was, alone
-- limit: with so many others at most; epoch: of the outage that this is due to
-- part: requests.lua   told: the answer to a batch has named it, and so it goes alone
-- by_new_schema: it was refused, and goes once more by the schema as it is now
-- pooled: so often it was left over by a search for what is bad (note_part_refused)
--! uses calls step items bad_items

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local item_attempts = {}

local TRIED = {'attempts', 'failed', 'refused', 'forgotten', 'looked', 'told', 'pooled', 'by_new_schema'}
local LIMITED = {'limit', 'epoch', 'part'}

-- The search for what is bad in the collection goes on until then, unless it is over.
local SEARCH_MS = 3000
local function search_on()
  redis.call('HSET', 'instep:collection:' .. request.collection, 'search', string.format('%.0f', now + SEARCH_MS))
end

-- The CMS took the part of a refused batch: then some item of the other one is bad (requests.lua).
local function note_part_taken(part)
  if not part or string.sub(part, -1) ~= 'o' then return end
  redis.call('SET', 'instep:part:' .. string.sub(part, 1, -2) .. 's', 1, 'PX', 600000)
  search_on()
end

-- The CMS refused it: what is bad is in that one most likely, and the other one need not be tried by
-- itself. It waits until the search is over, and goes with what else that leaves over. Not for
-- ever: others that are bad may come faster than they are found.
local POOLS = 8
local function note_part_refused(item)
  local part = item.meta.part
  if not part or string.sub(part, -1) ~= 'o' or (tonumber(item.meta.pooled) or 0) >= POOLS then return end
  redis.call('SET', 'instep:part:' .. string.sub(part, 1, -2) .. 's', string.format('left %.0f', now), 'PX', 600000, 'NX')
  search_on()
end

local bad, good  -- of those that a search is on for, so far
calls.on_begin(function() bad, good = 0, 0 end)

-- What the settle has shown of them.
function item_attempts.save() bad_items.note(request.collection, bad, good) end

local function is_searched(item) return item.meta.part or item.meta.pooled end

-- *held*: its claim had not run out.
function item_attempts.count(verdict, held)
  if (verdict.action or '') == '' then return end
  step.measure('attempts:' .. request.collection .. ':' .. (held and verdict.action or 'lost'), 1)
end

-- Something of it was taken.
function item_attempts.reset(item, verdict)
  note_part_taken(item.meta.part)
  if is_searched(item) then good = good + 1 end
  -- Named, and taken alone: for a while it is not believed whom the answer to a batch names.
  if item.meta.told then redis.call('HSET', 'instep:collection:' .. request.collection, 'mistold', now) end
  items.clear(item, TRIED)
  if not given(verdict.limit) then items.clear(item, LIMITED) end
  if given(verdict.updated) then items.set(item, 'updated', verdict.updated) end
end

local function limit_batch(item, verdict)
  local limit, part = given(verdict.limit), given(verdict.part)
  if limit then
    local epoch = request.soft and (redis.call('HGET', 'instep:destination:' .. request.destination, 'epoch') or '0')
    items.set(item, 'limit', limit)
    items.set(item, 'epoch', epoch or nil)
  end
  if part or limit == 1 then note_part_refused(item) end
  if part then items.set(item, 'part', part ~= '' and part or nil) end
  if limit == 1 and part == '' then items.set(item, 'told', 1) end
end

-- *fresh*: a value has come meanwhile, which waits for nothing.
function item_attempts.record(item, verdict, fresh)
  limit_batch(item, verdict)
  if verdict.by_new_schema then items.set(item, 'by_new_schema', 1) end
  if next(verdict.deaths or {}) then
    items.set(item, 'by_new_schema', nil)
    if request.items == 1 then
      note_part_refused(item)
      if is_searched(item) then bad = bad + 1 end
    end
  end
  if fresh then
    items.set(item, 'due', now)
    return
  end
  items.set(item, 'due', now + math.ceil(verdict.wait_ms or 0))
  if verdict.attempt then items.set(item, 'attempts', tonumber(item.meta.attempts or 0) + 1) end
  if verdict.failed and not item.meta.failed then items.set(item, 'failed', now) end
  if verdict.refused then items.set(item, 'refused', 1) end
end

return item_attempts
