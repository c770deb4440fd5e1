-- Shared: when which page of a listing is to be read (instep:index:<collection>:<copy>), and when
-- anything at all is to be done.

local soonest
local function sooner(at)
  if at and (not soonest or at < soonest) then soonest = at end
end

local function begin_pass(collection, key, since)
  redis.call('HSET', key, 'pass', now, 'offset', 0, 'kind', since and 'new' or 'all')
  if since then
    redis.call('HSET', key, 'since', since)
  else
    redis.call('HDEL', key, 'since', 'holes')
  end
  -- What waits since before the clock stepped back is decided on by this pass, not in hours.
  local waiting = P .. 'lookup:' .. collection.name
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. now, '+inf')) do
    redis.call('ZADD', waiting, now, record)
  end
end

-- The collection of which a page is to be read, its key, the page and since when.
local function index_step(open)
  for _, collection in ipairs(open) do
    local key = P .. 'index:' .. collection.name .. ':' .. collection.index
    local held = redis.call('HMGET', key, 'pass', 'offset', 'since', 'lock', 'next', 'full',
      'created', 'full_next', 'every', 'full_every')
    local lock = sane(held[4], CLAIM_MS)
    local locked = lock and lock > now
    if locked then
      sooner(lock)
    elseif held[1] then
      return collection, key, tonumber(held[2]), held[3] or nil
    elseif redis.call('ZCARD', P .. 'lookup:' .. collection.name) > 0 then
      local at = sane(held[5], tonumber(held[9]) or 0) or now
      local full_at = sane(held[8], tonumber(held[10]) or 0) or now
      if held[6] == '1' and full_at <= now then at = now end
      if at <= now then
        local since = nil
        if held[7] and not (held[6] == '1' and full_at <= now) and not collection.whole then
          since = held[7]
        end
        begin_pass(collection, key, since)
        return collection, key, 0, since
      end
      sooner(at)
      if held[6] == '1' then sooner(full_at) end
    end
  end
  return nil
end
