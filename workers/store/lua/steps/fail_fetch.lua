--! flags allow-oom
-- fail_fetch: a claimed fetch has failed. The fetcher rests, or the object alone waits, or it dies.
-- ARGV[2]: {token, claim, n, fetcher, source, object, kind, rest_ms, wait_ms, asked, attempts,
--   problems, reason}
--   kind: unavailable: nothing is held against the object; failed: an attempt; full: the store had
--     no room for what was read; asked: the system said how long it wants to rest
-- Returns {outcome}: lost | resting | later | dead
-- Errors: none: a full store does this as well.
--! uses step raw_bodies fetch_queue

local request, now = step.request, step.now

local earlier = step.earlier_answer()
if earlier then return earlier end
local fetch = fetch_queue.load(request.fetcher, request.source, request.object)
if not fetch_queue.holds_claim(fetch, request.claim) then return step.answer({outcome = 'lost'}) end
fetch_queue.end_turn(request.fetcher)
local held = fetch.held
local fetcher = fetch_queue.fetcher_key(request.fetcher)
redis.call('HSET', fetcher, 'reason', request.reason)
local risen = tonumber(held.n) > request.n

local function finish(outcome, ms)
  if ms then
    fetch_queue.put_back(fetch, now + ms)
  end
  return step.answer({outcome = outcome})
end

if request.kind == 'unavailable' then
  -- Where it failed before and others were read since, it is this object that the system cannot
  -- answer: it must not hold up the others again and again.
  local success = tonumber(redis.call('HGET', fetcher, 'success') or 0)
  local alone = held.failed and success > tonumber(held.failed) and not request.asked
  redis.call('HSET', fetch.key, 'failed', now)
  if not alone then
    redis.call('HINCRBY', fetcher, 'failures', 1)
    redis.call('HSET', fetcher, 'until', now + request.rest_ms)
    -- Behind those that wait already: the others go first when it is over.
    return finish('resting', math.min(request.rest_ms, step.AHEAD_MS))
  end
end
if request.kind == 'full' then return finish('later', request.wait_ms) end
-- What failed was the read for an older notice.
if risen then return finish('later', 0) end
redis.call('SADD', 'instep:fetches-failing:' .. fetch.fetcher, fetch.member)

local attempts = redis.call('HINCRBY', fetch.key, 'attempts', 1)
if attempts < request.attempts then return finish('later', request.wait_ms) end
-- The letter that accept makes of a notice that cannot be mapped.
raw_bodies.keep_letter({id = held.letter, source = request.source, topic = held.topic,
  name = held.id ~= '' and held.id or nil, index = held.index, problems = request.problems,
  headers = held.headers, came = held.came}, {source = request.source, raw = held.raw})
-- The event was taken: a repeat of it fetches again (event_letters.lua).
redis.call('HSET', 'instep:letter:' .. held.letter, 'attempts', attempts, 'taken', 1, 'nameless', 1,
  'number', 0, 'place', held.index, 'arrival', 0, 'came', string.format('t%014.0f000', held.came))
fetch_queue.close(fetch, 'dead')
return finish('dead')
