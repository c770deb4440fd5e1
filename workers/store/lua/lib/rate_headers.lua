-- Shared: what an answer says of the budget.
--! uses calls step rate_limiter

local given = step.given
local now
calls.on_begin(function() now = step.now end)

local EDGE_MS = 5000
local STEP_MS = 500

-- *answer*: {budget, limit, remaining, age_ms, closed, retry_ms}
--   age_ms: since the request was sent; closed: the answer was 429, or a v1 RateLimit
--   retry_ms: its Retry-After, or null: until the window ends
local function learn(destination, answer)
  local key = 'instep:budget:' .. answer.budget
  local sent = now - answer.age_ms
  local held = redis.call('HMGET', key, 'left', 'till')
  local till = step.sane(held[2], rate_limiter.WINDOW_MS)
  local remaining, limit = given(answer.remaining), given(answer.limit)
  if limit then redis.call('HSET', key, 'limit', math.max(2, limit)) end
  if remaining then
    local left = tonumber(held[1]) or 0
    -- More left than before, or a pause in between: a new window, which one of the last requests
    -- opened. An answer that comes just after the end and counts on is of the old one still: the CMS
    -- began to count when the request got there, we when it left. Taken for a new window it would
    -- close the budget for a minute.
    if not till or remaining > left + 5 or sent > till + EDGE_MS then
      till = sent + rate_limiter.WINDOW_MS
      -- Which of those under way count in it is unknown; too many of ours make no false others.
      -- Seen first in its middle (after a 429, say), a window does not show what others spend.
      local flying = redis.call('ZCARD', 'instep:flight:' .. destination)
      if limit and remaining >= limit - 5 - flying then
        redis.call('HSET', key, 'mine', math.max(1, flying))
      else
        redis.call('HDEL', key, 'mine', 'others')
      end
    elseif till <= now then
      till = now + STEP_MS
    end
    redis.call('HSET', key, 'left', remaining, 'till', till)
    local elapsed = sent - (till - rate_limiter.WINDOW_MS)
    local mine = tonumber(redis.call('HGET', key, 'mine'))
    if limit and mine and elapsed >= 10000 and elapsed <= rate_limiter.WINDOW_MS then
      -- Two less: which of ours stood at the window's edge is a guess, and a false other slows us.
      local others = limit - remaining - mine - 2
      redis.call('HSET', key, 'others', math.max(0, math.floor(others * rate_limiter.WINDOW_MS / elapsed)))
    end
  end
  if answer.closed then
    local retry = given(answer.retry_ms)
    local closed = retry and (now + retry) or (till and till > now and till) or (now + rate_limiter.WINDOW_MS)
    -- Also where the window was thought to last longer: Retry-After is the CMS's own word on it.
    redis.call('HSET', key, 'closed', closed, 'left', 0, 'till', closed)
    redis.call('HINCRBY', 'instep:destination:' .. destination, 'rate_limited', 1)
  end
  redis.call('PEXPIRE', key, 2 * rate_limiter.CLOSED_MS)
end

return {learn = learn}
