-- Shared: the objects that notices name and that are to be fetched. Needs raw_bodies.lua.
--
-- instep:fetch:<fetcher>:<source>:<object>  hash, one entry per object:
--   source, object    n counts its notices      attempts that failed    failed: last, unavailable
--   payload, id, topic, came (ms) of the newest notice     topics of all of them, JSON
--   raw, letter, index, headers: what its dead letter is made of
--   token, till: of the claim                   risen: ms of the first notice since the claim
--! uses calls step dead_letters raw_bodies

local given = step.given
local now, now_us
calls.on_begin(function() now, now_us = step.now, step.now_us end)
local fetch_queue = {}
fetch_queue.QUEUE = ':fetch'          -- woken like a destination; none has such a name
local LONGEST_REST_MS = 3600000  -- that a fetcher may ask for
local MOST_TOPICS = 20

function fetch_queue.fetcher_key(name) return 'instep:fetcher:' .. name end

function fetch_queue.load(name, source, object)
  local member = source .. ':' .. object
  local key = 'instep:fetch:' .. name .. ':' .. member
  return {key = key, fetcher = name, source = source, object = object, member = member,
    held = step.hash(key)}
end

-- When a fetcher that rests may be asked again; nil: it does not rest.
function fetch_queue.rests_till(name)
  local till = step.sane(redis.call('HGET', fetch_queue.fetcher_key(name), 'until'), LONGEST_REST_MS)
  return till and till > now and till or nil
end

function fetch_queue.set_due(fetch, at)
  redis.call('ZADD', 'instep:fetches:' .. fetch.fetcher, at, fetch.member)
end

local function topics_with(fetch, topic)
  local topics = fetch.held and cjson.decode(fetch.held.topics) or {}
  if not topic then return step.list_text(topics) end
  for place, known in ipairs(topics) do
    if known == topic then table.remove(topics, place) break end
  end
  topics[#topics + 1] = topic
  return step.list_text({unpack(topics, math.max(1, #topics - MOST_TOPICS + 1))})
end

local function replace_notice(fetch, notice, raw)
  raw_bodies.hold(raw)
  if fetch.held then dead_letters.release_body(fetch.source, fetch.held.raw) end
  redis.call('HSET', fetch.key, 'source', fetch.source, 'object', fetch.object,
    'payload', notice.payload, 'id', given(notice.name) or '', 'topic', given(notice.topic) or '',
    'raw', raw.raw, 'letter', notice.letter, 'index', notice.index, 'headers', notice.headers,
    'came', now)
end

local function reset_attempts(fetch)
  redis.call('HSET', fetch.key, 'attempts', 0)
  redis.call('SREM', 'instep:fetches-failing:' .. fetch.fetcher, fetch.member)
end

-- A notice of an object that waits already is merged into that entry. A replayed one never takes
-- the place of one that came by itself.
function fetch_queue.add(fetch, notice, raw, replayed)
  local held = fetch.held
  redis.call('SADD', 'instep:fetchers', fetch.fetcher)
  redis.call('HINCRBY', fetch_queue.fetcher_key(fetch.fetcher), 'asked', 1)
  if not (held and replayed) then replace_notice(fetch, notice, raw) end
  redis.call('HINCRBY', fetch.key, 'n', 1)
  -- A newer notice starts the count afresh and does not wait out the backoff of the older one.
  reset_attempts(fetch)
  redis.call('HSET', fetch.key, 'topics', topics_with(fetch, given(notice.topic)))
  if held then redis.call('HINCRBY', fetch_queue.fetcher_key(fetch.fetcher), 'merged', 1) end
  if held and held.token then
    redis.call('HSETNX', fetch.key, 'risen', now)
  else
    fetch_queue.set_due(fetch, now)
  end
  redis.call('ZADD', 'instep:fetches-waiting:' .. fetch.fetcher, 'NX', now, fetch.member)
end

-- A read is over: as long as it took, others go first. Beside one that hangs for a minute each
-- time they would else read one object a minute.
function fetch_queue.end_turn(name)
  local claimed = tonumber(redis.call('HGET', fetch_queue.fetcher_key(name), 'claimed') or 0) / 1000
  local took = math.max(0, math.min(now_us / 1000 - claimed, step.AHEAD_MS))
  redis.call('HSET', fetch_queue.fetcher_key(name), 'turn', string.format('%.3f', now + took))
end

-- The claim is over, the object is not: it is due again.
function fetch_queue.put_back(fetch, at)
  redis.call('HDEL', fetch.key, 'token', 'till', 'risen')
  fetch_queue.set_due(fetch, at)
end

function fetch_queue.close(fetch, fate)
  reset_attempts(fetch)
  dead_letters.release_body(fetch.source, fetch.held.raw)
  redis.call('DEL', fetch.key)
  redis.call('ZREM', 'instep:fetches:' .. fetch.fetcher, fetch.member)
  redis.call('ZREM', 'instep:fetches-waiting:' .. fetch.fetcher, fetch.member)
  redis.call('HINCRBY', fetch_queue.fetcher_key(fetch.fetcher), fate, 1)
end

-- A claim that ran out and was taken by another must change nothing: its read is the older one.
function fetch_queue.holds_claim(fetch, token)
  return fetch.held and fetch.held.token == token
end

-- The fetch of *claim* {token, n, cursor, more} has landed.
function fetch_queue.finish(fetch, claim)
  fetch_queue.end_turn(fetch.fetcher)
  redis.call('HSET', fetch_queue.fetcher_key(fetch.fetcher), 'failures', 0, 'success', now)
  if given(claim.cursor) then
    redis.call('HSET', 'instep:cursors:' .. fetch.fetcher, fetch.member, claim.cursor)
  end
  local risen = tonumber(fetch.held.n) > claim.n
  if not risen and not claim.more then return fetch_queue.close(fetch, 'done') end
  if risen and not claim.more then
    redis.call('ZADD', 'instep:fetches-waiting:' .. fetch.fetcher, tonumber(fetch.held.risen or now), fetch.member)
  end
  reset_attempts(fetch)
  redis.call('HDEL', fetch.key, 'failed')
  fetch_queue.put_back(fetch, now)
end

return fetch_queue
