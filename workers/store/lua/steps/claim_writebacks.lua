--! flags allow-oom
-- claim_writebacks: records of which a write-back is to tell something now, or when to come back.
-- ARGV[2]: {token, name, collection, mark, most, lease_ms}
--   collection: that it is for; what waits of another one is dropped
--   mark: of its configuration: a pause for a refusal ends with another one
-- Returns {records: [{record, key, event, sequence, at, attempts}], ms, state}
--   records: by their sets, held for lease_ms; ms: until there may be something; false: nothing waits
--   state: "paused", where it is
-- Errors: none: a full store does this as well.
--! uses step writebacks dead_letters

local request, now = step.request, step.now
local REST_MS = 3600000  -- that a target may ask for

local earlier = step.earlier_answer()
if earlier then return earlier end

-- Nothing is kept of a look that finds nothing: there are two a second.
local function wait(ms, state) return cjson.encode({ms = ms, state = state}) end

local name = request.name
local target = writebacks.target(name)
local held = step.hash(target) or {}

local function ends_pause()
  local till = tonumber(held.till)
  return (till and till <= now) or (held.mark and held.mark ~= request.mark)
end

if held.paused then
  if not ends_pause() then return wait(false, 'paused') end
  redis.call('HDEL', target, 'paused', 'by', 'who', 'since', 'till', 'mark', 'failures', 'until', 'failing', 'reason')
  held = {}
end
local rests = step.sane(held['until'], REST_MS)
if rests and rests > now then return wait(rests - now) end

local due = writebacks.due(name)
-- After a failure one tries alone.
local most = tonumber(held.failures or 0) > 0 and 1 or request.most
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if not first[1] then return wait(false) end
-- A clock that went back: what is further ahead than any wait counts as now.
local ahead = tonumber(first[2]) > now + step.AHEAD_MS
local till = ahead and '+inf' or now
local records = {}
for _, record in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', till, 'LIMIT', 0, most)) do
  local entry = writebacks.load(name, record)
  if not entry or writebacks.is_of_another(entry, request.collection) then
    if entry and entry.letter then dead_letters.close(entry.letter, 'superseded') end
    redis.call('HDEL', writebacks.records(name), record)
    redis.call('ZREM', due, record)
  else
    -- Its last claim ran out: it may have been told.
    local lost = entry.token ~= nil
    entry.attempts = (entry.attempts or 0) + (lost and 1 or 0)
    writebacks.take_newer(entry, false)
    if entry.letter then
      dead_letters.close(entry.letter, 'superseded')
      entry.letter = nil
    end
    entry.token = request.token
    writebacks.save(name, record, entry, now + request.lease_ms)
    records[#records + 1] = {record = record, key = entry.key or record, event = entry.event,
      sequence = entry.sequence, at = entry.at, attempts = entry.attempts}
  end
end
if records[1] then return step.answer({records = records}) end
return wait(math.max(0, math.min(tonumber(first[2]) - now, step.AHEAD_MS)))
