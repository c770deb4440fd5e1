-- Shared by the steps: items whose staged copy is not on the site yet, and that Instep is to publish.
--   instep:unpublished:<collection>     sorted set: records by the ms from which they may be published
--   instep:unpublished-of:<collection>  hash: record → JSON {id, way, new, made, at, first, since, live, back,
--     state, why, locales, edited, edits}
--     way: 'i' by the item, or by the site where that is published as a whole, 's' by the site alone; new: it
--     was told as not live (writebacks.lua), made: as it was created; at: lastUpdated of the answer to our last
--     write; first: of the first one that is not on the site; since: ms since which its oldest value waits;
--     live: that came by a live event; back: a retirement took it off the site, and is taken back; state: ''
--     waits, 'r' ready, 's' sent, 'd' an editor's draft, 'e' edited by somebody else since, 'x' refused (why),
--     'm' not in the last listing; locales: of the variants that are ready, if there are several; edited:
--     lastUpdated of an edit by somebody else, which a later write of ours leaves there; edits: {cmsLocaleId:
--     the same} of the variants that are edited; nil: any of them may be
--   instep:unpublished-since:<collection>  sorted set: the same by since
--   instep:unpublished-held:<collection>  set: those of state 'e': a person decides on them
--   instep:publishing:<destination>     hash: next: ms of the next step; token, till: of the one that is out;
--     work: the round that has begun, JSON (workers/policy/publish.py); after: the same behind a publish of
--     the site, which is thereby asked for once; asked: ms of the last one; settled: ms of the last step of
--     the round; sent: ms of the last publish of any kind; yielded: a batch had its turn; checks: the next
--     step looks for what was published; rest: ms before which no round begins; site; held, failed: why
--     nothing is published, since: ms; full: up to when (lastUpdated) all that was queued was published
--   instep:published-sites              hash: site id → ms at which its publish was asked for
-- ours of an item: Instep has made it, so that its first publish is ours as well.
--! uses calls step items creation wakeups

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local unpublished = {}
local GATHER_MS, EVERY_MS = 10000, 90000
unpublished.AGAIN_MS = 300000  -- no more: see AHEAD_MS

function unpublished.member(collection, record)
  local text = redis.call('HGET', 'instep:unpublished-of:' .. collection, record)
  return text and cjson.decode(text) or nil
end

function unpublished.put(collection, record, member, at)
  redis.call('HSET', 'instep:unpublished-of:' .. collection, record, cjson.encode(member))
  redis.call('ZADD', 'instep:unpublished:' .. collection, at, record)
  redis.call('ZADD', 'instep:unpublished-since:' .. collection, member.since, record)
  redis.call(member.state == 'e' and 'SADD' or 'SREM', 'instep:unpublished-held:' .. collection, record)
end

function unpublished.leave(collection, record)
  redis.call('HDEL', 'instep:unpublished-of:' .. collection, record)
  redis.call('ZREM', 'instep:unpublished:' .. collection, record)
  redis.call('ZREM', 'instep:unpublished-since:' .. collection, record)
  redis.call('SREM', 'instep:unpublished-held:' .. collection, record)
end

-- What waits of one record becomes the business of another (merge.lua); of both that of the later write counts.
function unpublished.move(collection, from, to)
  local moved = unpublished.member(collection, from)
  if not moved then return end
  local at = tonumber(redis.call('ZSCORE', 'instep:unpublished:' .. collection, from)) or now
  local held = unpublished.member(collection, to)
  unpublished.leave(collection, from)
  if held and held.at >= moved.at then return end
  if held and held.id == moved.id and held.edited then
    moved.edits = not moved.edited and held.edits or nil
    moved.edited = moved.edited or held.edited
  end
  unpublished.put(collection, to, moved, at)
end

-- When the next round may begin, given that something waits for it from *at* on.
function unpublished.next_at(destination, at)
  local sent = step.sane(redis.call('HGET', 'instep:publishing:' .. destination, 'sent'), 0)
  if at > now then return at end
  return math.max(now + GATHER_MS, (sent or 0) + EVERY_MS)
end

-- What an answer shows is not live, and is ours to be published: by the item, or by the site; and its
-- state. nil: it is not.
local function wants(item, claim, status, back)
  local held = creation.held_text(item, '_draft')
  local known = status.published ~= '' or item.meta.ours or claim.fields._draft or back
  if string.find(status.flags, 'a', 1, true) then
    local own = claim.fields._archived or claim.fields[items.GONE] or creation.held_text(item, '_archived') == 'true' or items.in_force(item)
    -- It leaves the site with the next publish of that.
    if own and status.published ~= '' then return 's', '' end
  elseif request.live or not known then
    return nil  -- written live; or not published by its editor, and so not by us
  elseif string.find(status.flags, 'd', 1, true) then
    if held ~= 'true' and not items.in_force(item) then return 'i', 'd' end
  elseif status.published == '' or status.updated > status.published then
    return 'i', ''
  end
end

-- The next round begins by *at*, but for one that has begun, and not before the last one has its rest.
function unpublished.begin(destination, at)
  local key = 'instep:publishing:' .. destination
  local next, work, token, rest = unpack(redis.call('HMGET', key, 'next', 'work', 'token', 'rest'))
  if next and (work or token) then return end
  at = math.max(at, step.sane(rest, unpublished.AGAIN_MS) or 0)
  if not next or tonumber(next) > at then
    redis.call('HSET', key, 'next', at)
    local waits = tonumber(redis.call('ZSCORE', 'instep:wakes', destination))
    if not waits or waits > at then wakeups.wake_at(destination, at) end
  end
end

-- *status*: of the item, as the answer to a write shows it; *since*: ms of the oldest value written; *made*: it
-- was created by that; item.back: a retirement that took it off the site is taken back.
function unpublished.note(item, claim, id, status, since, live, made)
  local collection, record = item.collection, item.record
  local before = unpublished.member(collection, record)
  local back = item.back or (before and before.back)
  local way, state = wants(item, claim, status, back)
  if not way then return unpublished.leave(collection, record) end
  -- What has left the site, and is brought back, shows the time of its last publish.
  local new = way == 'i' and (item.meta.staged ~= nil or status.flags ~= '' or status.published == '')
  local first = before and math.min(before.since, since or before.since) or since or now
  local at = state == 'd' and now + unpublished.AGAIN_MS or now
  unpublished.put(collection, record, {id = id, way = way, at = status.updated,
    first = before and (before.first or before.at) or status.updated, since = first,
    live = live or (before and before.live) or false, back = back or nil,
    new = new or (way == 'i' and before and before.new) or nil, made = made or (before and before.made) or nil,
    state = state, edited = before and before.edited, edits = before and before.edits}, at)
  unpublished.begin(request.destination, unpublished.next_at(request.destination, at))
end

return unpublished
