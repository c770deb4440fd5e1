-- Shared, of claim: the next step of a round of publishing (unpublished.lua), for the caller alone, where
-- the destination publishes.
-- request.publish: {closed_ms, seen_ms}: ms until the window opens; for which what was seen of the site is
--   held to be so
--! uses calls step listing_schedule claim_slots lanes batch

local given = step.given
local request, now, key
calls.on_begin(function()
  request, now = step.request, step.now
  key = 'instep:publishing:' .. (given(request.destination) or '')
end)
local publish_claims = {}
local SITES, SITE_MS = 'instep:published-sites', 60000
local REST_MS = 300000

local function read() return listing_schedule.read_hash(key, 'next', 'token', 'till', 'work', 'after', 'site', 'settled',
    'yielded', 'checks') end

-- When it may go on; nil: nothing is to be published.
local function next_at(held)
  if not held.next then return nil end
  local at = step.sane(held.next, step.AHEAD_MS)
  if held.token then at = math.max(at, step.sane(held.till, step.CLAIM_MS) or now) end
  local closed = given(request.publish).closed_ms
  -- What was sent is looked for even where the window has closed.
  if closed > 0 and not held.checks then at = math.max(at, now + math.min(closed, REST_MS)) end
  if held.after and held.site then
    at = math.max(at, (step.sane(redis.call('HGET', SITES, held.site), 0) or 0) + SITE_MS)
  end
  return at
end

-- No slot is free for *ms*: it is looked at again then.
function publish_claims.note_slot(ms)
  if ms <= 0 then return end
  local at = next_at(read())
  if at then listing_schedule.note_due(math.max(at, now + ms)) end
end

-- A round of a large site has many pages: between two of them live changes have their turn.
local function yields(held)
  if not held.work then return false end
  if held.yielded or lanes.first_due('live', batch.open) ~= now then
    redis.call('HDEL', key, 'yielded')
    return false
  end
  redis.call('HSET', key, 'yielded', 1)
  listing_schedule.note_due(now)
  return true
end

-- Returns the answer of the claim; nil: nothing of it may be done now.
function publish_claims.take(lane)
  local held = read()
  local at = next_at(held)
  if not at or at > now then
    listing_schedule.note_due(at)
    return nil
  end
  if yields(held) then return nil end
  local age = now - (step.sane(held.settled, 0) or now)
  if held.after and age > given(request.publish).seen_ms then
    -- Others may have queued something since: another round begins.
    redis.call('HDEL', key, 'work', 'after')
    held.work, held.after = nil, nil
  end
  claim_slots.take_for_read(lane)
  redis.call('HSET', key, 'token', request.token, 'till', now + step.CLAIM_MS)
  if held.after then
    -- Noted before it is sent: a publish whose answer is lost is not asked for again, but looked for.
    redis.call('HSET', key, 'work', held.after, 'checks', 1, 'asked', now, 'sent', now)
    redis.call('HDEL', key, 'after')
    if held.site then redis.call('HSET', SITES, held.site, now) end
  end
  return step.answer({step = 'publish', work = held.work or '', age = age, at = now}, step.CLAIM_MS)
end

return publish_claims
