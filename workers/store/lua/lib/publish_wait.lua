-- Shared: a collection whose structure was changed, or whose site is not published: the CMS takes
-- nothing of it until the site is published. It waits, and tries one item now and then.
-- In instep:collection:<collection>:
--   closed         what the CMS said of it       closed_since  ms
--   closed_next    ms of the next try            closed_try    the token of the one that is out
-- A try takes the item that has been due for longest; what was refused is due anew, so that each
-- time another is tried.
--! uses calls step

local now
calls.on_begin(function() now = step.now end)
local publish_wait = {}
local FIRST_TRY_MS = 30000  -- also for a conflict that the CMS answers once, right after a publish
local TRY_MS = 180000

local function next_try(closed, closed_next) return closed and (step.sane(closed_next, TRY_MS) or now) end

-- Notes of each collection whether nothing of it may be sent (shut), or one item (single).
function publish_wait.note_closed(collections)
  for _, collection in ipairs(collections) do
    local at = next_try(collection.held.closed, collection.held.closed_next)
    if at then
      collection.next_try = at
      collection.shut = at > now
      collection.single = not collection.shut
    end
  end
end

function publish_wait.is_shut(name)
  local at = next_try(unpack(redis.call('HMGET', 'instep:collection:' .. name, 'closed', 'closed_next')))
  return at and at > now
end

-- Should nothing come of the try, the next one need not wait for long.
function publish_wait.begin_try(collection, token)
  redis.call('HSET', 'instep:collection:' .. collection.name, 'closed_next', now + step.CLAIM_MS,
    'closed_try', token)
end

-- *why*: the answer to *claim* says that the collection is closed; nil: it says something else.
function publish_wait.note_answer_on_closed(name, claim, why)
  local key = 'instep:collection:' .. name
  local held = redis.call('HMGET', key, 'closed', 'closed_try')
  local tried = held[2] == claim
  if not why then
    if tried then
      step.tell('published', {collection = name})
      redis.call('HDEL', key, 'closed', 'closed_since', 'closed_next', 'closed_try')
    end
  elseif not held[1] then
    step.tell('not published', {collection = name, reason = why})
    redis.call('HSET', key, 'closed', why, 'closed_since', now, 'closed_next', now + FIRST_TRY_MS)
  elseif tried then
    redis.call('HSET', key, 'closed', why, 'closed_next', now + TRY_MS)
    redis.call('HDEL', key, 'closed_try')
  end
end

function publish_wait.try_at_once(name)
  local key = 'instep:collection:' .. name
  if redis.call('HEXISTS', key, 'closed') == 1 then redis.call('HSET', key, 'closed_next', now) end
end

return publish_wait
