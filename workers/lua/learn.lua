#!lua flags=allow-oom
-- learn: what an answer says of the budget.
-- ARGV[2]: {destination, budget, limit, remaining, age_ms, closed, retry_ms}
--   age_ms: since the request was sent; closed: the answer was 429, or a v1 RateLimit
--   retry_ms: its Retry-After, or null: until the window ends
--! uses state budget

local key = P .. 'budget:' .. request.budget
local sent = now - request.age_ms
local held = redis.call('HMGET', key, 'left', 'till')
local till = sane(held[2], WINDOW_MS)
local remaining, limit = given(request.remaining), given(request.limit)
if limit then redis.call('HSET', key, 'limit', math.max(2, limit)) end
if remaining then
  local left = tonumber(held[1]) or 0
  -- More left than before: a new window, which one of the last requests opened.
  if not till or till <= now or remaining > left + 5 then
    till = sent + WINDOW_MS
    -- Which of those under way count in it nobody knows; too many of ours make no false others.
    local flying = redis.call('ZCARD', P .. 'flight:' .. request.destination)
    redis.call('HSET', key, 'mine', math.max(1, flying))
  end
  redis.call('HSET', key, 'left', remaining, 'till', till)
  local elapsed = sent - (till - WINDOW_MS)
  if limit and elapsed >= 10000 then
    local others = limit - remaining - tonumber(redis.call('HGET', key, 'mine') or 0)
    redis.call('HSET', key, 'others', math.max(0, math.floor(others * WINDOW_MS / elapsed)))
  end
end
if request.closed then
  local retry = given(request.retry_ms)
  local closed = retry and (now + retry) or (till and till > now and till) or (now + WINDOW_MS)
  -- Also where the window was thought to last longer: Retry-After is the CMS's own word on it.
  redis.call('HSET', key, 'closed', closed, 'left', 0, 'till', closed)
  redis.call('HINCRBY', P .. 'destination:' .. request.destination, 'rate_limited', 1)
end
redis.call('PEXPIRE', key, 10 * WINDOW_MS)
return answer({ok = true})
