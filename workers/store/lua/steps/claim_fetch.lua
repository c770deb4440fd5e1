--! flags allow-oom
-- claim_fetch: claims the next object that is to be fetched, or says when to come back. Fetchers take
-- turns, by the time that they take: neither the backlog nor the slowness of one holds up others.
-- ARGV[2]: {token, fetchers: [name], lease_ms}
-- Returns {fetcher, source, object, n, version, payload, id, topic, topics, cursor, attempts,
--   failures, lost, more}, lost: its last claim ran out; or {ms}, false: nothing waits
-- Errors: none: a full store does this as well.
--! uses step wakeups fetch_queue

local request, now, now_us = step.request, step.now, step.now_us
local AHEAD_US = 3500 * 1000000

local earlier = step.earlier_answer()
if earlier then return earlier end
redis.call('ZREM', 'instep:wakes', fetch_queue.QUEUE)

local ready, best, turn, soonest = 0, nil, nil, nil
for _, name in ipairs(request.fetchers) do
  local first = redis.call('ZRANGE', 'instep:fetches:' .. name, 0, 0, 'WITHSCORES')
  if first[1] then
    local at = math.max(step.sane(first[2], step.AHEAD_MS), fetch_queue.rests_till(name) or 0)
    local last = step.sane(redis.call('HGET', fetch_queue.fetcher_key(name), 'turn'), step.AHEAD_MS) or 0
    if at > now then
      soonest = math.min(soonest or at, at)
    else
      ready = ready + redis.call('ZCOUNT', 'instep:fetches:' .. name, '-inf', now)
      if not best or last < turn then best, turn = {name = name, member = first[1]}, last end
    end
  end
end
if not best then
  local ms = soonest and math.min(soonest - now, step.AHEAD_MS)
  if ms then wakeups.wake_at(fetch_queue.QUEUE, now + ms) end
  return step.answer({ms = ms or false})
end

local source, object = string.match(best.member, '^([^:]*):(.*)$')
local fetch = fetch_queue.load(best.name, source, object)
local held = fetch.held
local attempts = tonumber(held.attempts) + (held.token and 1 or 0)
redis.call('HDEL', fetch.key, 'risen')
redis.call('HSET', fetch.key, 'token', request.token, 'till', now + request.lease_ms,
  'attempts', attempts)
fetch_queue.set_due(fetch, now + request.lease_ms)
-- A later read has a higher version, though the clock has gone back; but none that is refused (version_kinds.lua).
local fetcher = fetch_queue.fetcher_key(best.name)
local last_us = tonumber(redis.call('HGET', fetcher, 'read') or 0)
local read_us = math.max(now_us, math.min(last_us + 1, now_us + AHEAD_US))
redis.call('HSET', fetcher, 'claimed', now_us, 'turn', now, 'read', string.format('%.0f', read_us))
local function text(value) return value and value ~= '' and value or cjson.null end
return step.answer({fetcher = best.name, source = source, object = object, n = tonumber(held.n),
  version = string.format('t%017.0f', read_us), payload = held.payload, id = text(held.id),
  topic = text(held.topic), topics = cjson.decode(held.topics), attempts = attempts,
  cursor = text(redis.call('HGET', 'instep:cursors:' .. best.name, best.member)),
  failures = tonumber(redis.call('HGET', fetch_queue.fetcher_key(best.name), 'failures') or 0),
  lost = held.token and true or false, more = ready > 1})
